# SPDX-License-Identifier: Apache-2.0
"""Random queries for a World: names that exist, and those above, beside and below them."""

import struct
from typing import NamedTuple, Optional

from labels import below, cased, label, longest
from model import TYPES
from names import is_within, length, to_text, to_wire

ANY, DS = 255, 43
ODD_TYPES = [0, 3, 10, 11, 24, 41, 46, 47, 48, 128, 249, 250, 251, 252, 253, 254, 731, 65280, 65534, 65535]


class Query(NamedTuple):
    name: tuple
    type: int
    rr_class: int = 1
    edns: Optional[int] = None  # the UDP payload size of the OPT
    do: bool = False
    rd: bool = False
    tcp: bool = False

    @property
    def limit(self):
        """Octets that the response may have; 1,232 are what every server is set to."""
        return 65535 if self.tcp else min(max(self.edns or 512, 512), 1232)

    def wire(self, number):
        message = struct.pack("!6H", number, 0x100 if self.rd else 0, 1, 0, 0, self.edns is not None)
        message += to_wire(self.name) + struct.pack("!HH", self.type, self.rr_class)
        if self.edns is None:
            return message
        return message + struct.pack("!BHHIH", 0, 41, self.edns, 0x8000 if self.do else 0, 0)

    def __str__(self):
        edns = f" edns {self.edns}" if self.edns is not None else ""
        flags = "".join(f" {word}" for word in ("do", "rd", "tcp") if getattr(self, word))
        return f"{to_text(self.name)} CLASS{self.rr_class} TYPE{self.type}{edns}{flags}"


class Asker:
    """Makes queries for one World."""

    def __init__(self, rng, world):
        self.rng, self.world = rng, world
        self.owners = [owner for zone in world.zones for owner in zone.owners.values()]
        self.apexes = [zone.apex for zone in world.zones]
        self.heads = [name for zone in world.zones for name in self._interesting(zone)]

    @staticmethod
    def _interesting(zone):
        """Owners that make a difference to the names below them, and CNAMEs."""
        return [owner for key, owner in zone.owners.items() if not key[0:1] or key[0][:5] != b"chain"
                if key[:1] == (b"*",) or zone.is_cut(key) or {"CNAME", "DNAME"} & zone.rrsets[key].keys()]

    def name(self):
        rng = self.rng
        name = rng.choice(self.heads if self.heads and rng.random() < 0.4 else self.owners)
        kind = rng.random()
        if kind < 0.40:
            pass
        elif kind < 0.60:
            name = below(rng, name)
        elif kind < 0.72:
            name = below(rng, name[1:], stars=0.1)
        elif kind < 0.80:
            name = name[rng.randint(0, len(name)):]  # an ancestor: often an empty non-terminal
        elif kind < 0.85:
            name = (b"*", *name)
        elif kind < 0.88:
            name = longest(rng, name)
        elif kind < 0.90:
            name = tuple(label(rng, 0.1) for _ in range(rng.randint(0, 4)))
        elif kind < 0.92:
            name = rng.choice(self.apexes)
        if name[:1] == (b"*",) and rng.random() < 0.7:
            name = below(rng, name[1:])  # what the wildcard is for
        return name if length(name) <= 255 else rng.choice(self.apexes)

    def queries(self, count):
        """`count` queries: at first every RRset is asked for by name, as far as a third of them allows."""
        pairs = [(owner, self._number(rr_type)) for zone in self.world.zones
                 for key, owner in zone.owners.items() for rr_type in zone.rrsets[key]]
        chosen = self.rng.sample(pairs, min(len(pairs), count // 3))
        queries = [self.query(*pair) for pair in chosen]
        return queries + [self.query(*self._random()) for _ in range(count - len(queries))]

    @staticmethod
    def _number(rr_type):
        return TYPES.get(rr_type) or int(rr_type[4:])

    def _random(self):
        name = self.name()
        return name, self._type(name)

    def query(self, name, rr_type):
        rng = self.rng
        edns = rng.choice([None, 512, 600, 900, 1232, 1232, 1400, 4096]) if rng.random() < 0.7 else None
        return Query(cased(rng, name) if rng.random() < 0.4 else name, rr_type,
                     rng.choice([3, 4, 254, 255]) if rng.random() < 0.005 else 1, edns,
                     edns is not None and rng.random() < 0.4, rng.random() < 0.2, rng.random() < 0.1)

    def _type(self, name):
        rng = self.rng
        kind = rng.random()
        if kind < 0.30:
            return rng.choice([1, 1, 28, 16, 15])
        if kind < 0.74:
            present = self._types_at(name)
            if present:
                return rng.choice(present)
        if kind < 0.79:
            return ANY
        if kind < 0.85:
            return DS
        if kind < 0.89:
            return rng.choice(ODD_TYPES)
        return rng.choice(list(TYPES.values()))

    def _types_at(self, name):
        """Types that the name, or a wildcard beside it, owns in some zone."""
        key = tuple(part.lower() for part in name)
        for at in (key, (b"*", *key[1:])):
            for zone in self.world.zones:
                if is_within(at, zone.key) and at in zone.rrsets:
                    return [self._number(rr_type) for rr_type in zone.rrsets[at]]
        return []
