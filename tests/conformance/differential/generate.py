# SPDX-License-Identifier: Apache-2.0
"""The generator of zones. One call makes a World: a handful of zones that contain and point to each other in every way
that RFC 1034, 4592 and 6672 speak of."""

import rdata
from labels import below, cased, label, longest
from model import World, Zone
from names import is_within, length, lower, to_text

TTLS = [0, 1, 60, 300, 300, 3600, 86400, 2147483647]
CHAINS = [2, 3, 5, 9, 15, 16, 17, 18, 25]
AWAY = [(b"Elsewhere", b"invalid"), (b"a", b"b", b"nowhere", b"invalid")]


def make_world(rng):
    zones = [_empty_zone(rng, apex) for apex in _apexes(rng)]
    world = World(zones)
    plans = [_Plan(rng, zone, world) for zone in zones]
    for plan in plans:
        plan.others = [name for other in plans if other is not plan for name in other.names]
        plan.fill()
    for zone in zones:
        _clear_below_dnames(zone, zones)
        for key in zone.rrsets:
            if rng.random() < 0.15 and key not in world.servers:
                zone.pool(key)
    return world


def _clear_below_dnames(zone, zones):
    """Nothing is below a DNAME (RFC 6672 §2.4): NSD does not load a zone otherwise, not even where what is below is
    another zone's."""
    for key in [key for key, rrsets in zone.rrsets.items() if "DNAME" in rrsets]:
        if any(other.key != key and is_within(other.key, key) for other in zones):
            zone.remove(key, "DNAME")
            continue
        for other in zones:
            for hidden in [name for name in other.rrsets if name != key and is_within(name, key)]:
                other.remove(hidden)


def _apexes(rng):
    """Zones beside, above and below each other; some with levels between them that nobody serves."""
    main = (b"main", b"test")
    child = (rng.choice([b"child", b"www"]), *main)
    apexes = [main, child, (b"Other", b"test")]
    optional = [
        below(rng, child, 1), below(rng, child, 2), below(rng, main, 3), (b"test",), (b"main", b"example"),
        (b"q" * 63, b"r" * 63, b"s" * 50, b"long", b"test"), longest(rng, main), ()]
    chances = [0.4, 0.2, 0.3, 0.15, 0.3, 0.3, 0.05, 0.1]
    apexes += [apex for apex, chance in zip(optional, chances) if rng.random() < chance]
    unique = {}
    for apex in apexes:
        plain = all(label.isalnum() or label[:1] == b"_" for label in apex)
        if plain or apex == ():
            unique.setdefault(lower(apex), apex)
    return list(unique.values())


def _empty_zone(rng, apex):
    soa = {"mname": to_text((b"Ns1", *apex)) if length(apex) < 250 else ".", "rname": "hostmaster.test.",
           "serial": rng.getrandbits(32), "refresh": 3600, "retry": 600, "expire": 1209600,
           "minimum": rng.choice([0, 5, 60, 7200]), "ttl": rng.choice(TTLS)}
    return Zone(apex, soa, rng.choice(TTLS))


class _Plan:
    """One zone in the making. First the names, by the part they play, so that everything can point to everything; then
    the data."""

    def __init__(self, rng, zone, world):
        self.rng, self.zone, self.world = rng, zone, world
        apex = zone.apex
        self.only_dname = len(apex) > 0 and rng.random() < 0.06  # a DNAME at the apex: nothing is below
        few = 0 if self.only_dname or length(apex) > 240 else 1
        some = [below(rng, apex) for _ in range(few * rng.randint(6, 30))]
        self.plain = [name for name in some if name != apex]
        self.plain += [longest(rng, apex) for _ in range(few * rng.choice([0, 1, 2]))]
        anchors = [apex, *self.plain[:12]]
        self.wildcards = [(b"*", *rng.choice([name, below(rng, name)]))
                          for name in rng.choices(anchors, k=few * rng.randint(1, 5))]
        self.plain += [below(rng, name) for name in self.wildcards if rng.random() < 0.4]  # "*" in the middle
        self.plain += [below(rng, name[1:]) for name in self.wildcards if rng.random() < 0.6]  # beside a wildcard
        self.cuts = [below(rng, name, 1) for name in rng.choices(anchors, k=few * rng.randint(1, 5))]
        self.cuts += self._served_children(few)
        self.dnames = [below(rng, name, 1) for name in rng.choices(anchors, k=few * rng.randint(0, 4))]
        self.cnames = [below(rng, name, 1, stars=0.15) for name in rng.choices(anchors, k=few * rng.randint(4, 12))]
        self.hidden = [below(rng, name) for name in self.cuts + self.dnames if rng.random() < 0.6]
        self.hidden += [(b"*", *name) for name in self.cuts if rng.random() < 0.2]
        fitting = [name for name in (*self.plain, *self.wildcards, *self.cuts, *self.dnames, *self.cnames,
                                     *self.hidden) if length(name) <= 255]
        self.names = [apex, *fitting]
        for part in ("plain", "wildcards", "cuts", "dnames", "cnames", "hidden"):
            setattr(self, part, [cased(rng, name) for name in getattr(self, part) if length(name) <= 255])
        self.others = []

    def _served_children(self, few):
        """The apexes of zones of ours that lie directly below this one; most are delegated, some forgotten."""
        return [zone.apex for zone in self.world.zones
                if few and self.world.parent_of(zone) is self.zone and self.rng.random() < 0.85]

    # --- what records point to ---

    def target_name(self):
        rng, names = self.rng, self.names
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(names)
        if kind < 0.7:
            return below(rng, rng.choice(names), 1)  # below something, or nothing
        if kind < 0.9 and self.others:
            other = rng.choice(self.others)
            return other if rng.random() < 0.7 else below(rng, other, 1)
        return rng.choice([*AWAY, ()]) if rng.random() < 0.8 else longest(rng, self.zone.apex)

    def target(self):
        name = self.target_name()
        if self.rng.random() < 0.3:
            name = cased(self.rng, name)
        return self.text(name, self.zone.apex if self.rng.random() < 0.5 else None)

    def text(self, name, origin=None):
        self.world.mentioned.add(lower(name))
        return to_text(name, origin)

    # --- data ---

    def add(self, owner, rr_type, count=None):
        rng = self.rng
        count = count or rng.choice([1, 1, 1, 2, 3])
        return self.zone.add(owner, rr_type, rdata.make(rng, rr_type, self.target, count), rng.choice(TTLS))

    def fill(self):
        self._apex()
        for name in self.cuts:
            self._cut(name)
        for name in self.dnames:
            self._dname(name)
        for name in self.cnames:
            self.zone.add(name, "CNAME", [self.target()], self.rng.choice(TTLS))
        for name in self.wildcards:
            if self.rng.random() < 0.35:
                self.zone.add(name, "CNAME", [self.target()], self.rng.choice(TTLS))
        for name in self.plain + self.wildcards + self.hidden:
            self._data(name)
        if not self.only_dname and length(self.zone.apex) < 200:
            self._webs()
            self._large()

    def _apex(self):
        apex, rng = self.zone.apex, self.rng
        servers = [(b"ns1", *apex), (b"Ns2", *apex)] if length(apex) < 250 and not self.only_dname else [AWAY[0]]
        self._delegate(apex, servers)
        for name in servers[:rng.choice([1, 2])]:
            if name not in AWAY:
                self.add(name, "A")
        for rr_type in rng.sample(["MX", "TXT", "A", "AAAA", "CAA", "HTTPS"], rng.randint(0, 3)):
            self.add(apex, rr_type)
        if self.only_dname:
            self.zone.add(apex, "DNAME", [self.target()], rng.choice(TTLS))

    def _cut(self, name):
        """A delegation: name servers inside it, beside it, elsewhere, and without an address."""
        rng = self.rng
        servers = {lower(server): server for server in (
            rng.choice([below(rng, name, 1), below(rng, name, 2), (b"ns1", *self.zone.apex), name,
                        below(rng, rng.choice(self.cuts), 1), AWAY[0], self.target_name()])
            for _ in range(rng.randint(1, 4))) if length(server) <= 255}
        if not servers or not self._delegate(name, servers.values()):
            return
        for key, server in servers.items():
            if key[len(key) - len(self.zone.key):] == self.zone.key and rng.random() < 0.8:
                for rr_type in rng.choice([["A"], ["AAAA"], ["A", "AAAA"]]):
                    self.add(server, rr_type)
        if rng.random() < 0.4:
            self.add(name, "DS")
        if rng.random() < 0.3:
            self.add(name, rng.choice(rdata.FREQUENT))  # occluded: at the cut

    def _delegate(self, name, servers):
        self.world.servers.update(map(lower, servers))
        return self.zone.add(name, "NS", [self.text(server) for server in servers], self.rng.choice(TTLS))

    def _dname(self, name):
        rng = self.rng
        target = rng.choice([self.target_name(), self.target_name(), below(rng, name, 1),
                             longest(rng, (b"over",)), (b"q" * 63, b"r" * 63, b"s" * 50, b"long", b"test")])
        if self.zone.add(name, "DNAME", [self.text(target)], rng.choice(TTLS)) and rng.random() < 0.3:
            self.add(name, rng.choice(rdata.FREQUENT))

    def _data(self, name):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2, 4])):
            self.add(name, rng.choice(rdata.FREQUENT if rng.random() < 0.5 else rdata.PLAIN))
        if rng.random() < 0.08 and name in self.hidden:
            self._delegate(name, [self.target_name()])  # a cut below a cut

    def _webs(self):
        """Chains of CNAMEs of every length around the limits of servers, and loops."""
        rng, apex = self.rng, self.zone.apex
        for number in range(rng.randint(0, 2)):
            names = [(f"chain{number}-{step}".encode(), *apex) for step in range(rng.choice(CHAINS))]
            ends = rng.choice([self.target(), self.target(), self.text(rng.choice(names))])
            for name, target in zip(names, [*map(self.text, names[1:]), ends]):
                self.zone.add(name, "CNAME", [target], rng.choice(TTLS))
            self.names += [names[0], names[-1]]

    def _large(self):
        """RRsets around and above the limits of UDP."""
        rng, apex = self.rng, self.zone.apex
        for number, (rr_type, count) in enumerate([("A", 28), ("A", 75), ("TXT", 12), ("MX", 60), ("TXT", 150)]):
            if rng.random() < 0.25:
                name = (f"large{number}".encode(), *apex)
                self.add(name, rr_type, count)
                self.names.append(name)
        if rng.random() < 0.3:
            cut = (b"largecut", *apex)
            servers = [(f"ns{i}".encode(), *cut) for i in range(rng.choice([8, 13, 40]))]
            if self._delegate(cut, servers):
                for server in servers:
                    self.add(server, rng.choice(["A", "AAAA"]))
                self.names += [cut, servers[0]]
