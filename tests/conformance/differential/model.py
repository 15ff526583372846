# SPDX-License-Identifier: Apache-2.0
"""What the generator makes and the comparison knows: zones as RRsets in presentation format, and the set of zones that
every server serves at once."""

import json
from typing import NamedTuple

from names import common_suffix, is_within, lower, to_text

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17,
         "AFSDB": 18, "RT": 21, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37,
         "DNAME": 39, "APL": 42, "DS": 43, "SSHFP": 44, "DHCID": 49, "TLSA": 52, "SMIMEA": 53, "OPENPGPKEY": 61,
         "SVCB": 64, "HTTPS": 65, "SPF": 99, "NID": 104, "L32": 105, "L64": 106, "LP": 107, "EUI48": 108, "EUI64": 109,
         "URI": 256, "CAA": 257}
TYPE_NAMES = {number: name for name, number in TYPES.items()}


class Rrset(NamedTuple):
    ttl: int
    data: list  # texts


class Zone:
    """One zone. `owners` are spelled as the zone file spells them; `rrsets` are found by the name in lower case."""

    def __init__(self, apex, soa, ttl):
        self.apex, self.key, self.soa, self.ttl = apex, lower(apex), soa, ttl
        self.owners = {}
        self.rrsets = {}
        self.pooled = set()  # owners whose addresses gslbd has from a pool

    def add(self, owner, rr_type, data, ttl=None):
        """Adds an RRset; False, and nothing added, where a zone file must not have it (see "Errors" in the reference
        of the zone file)."""
        key = lower(owner)
        have = self.rrsets.get(key, {})
        cut = "NS" in {rr_type, *have} and key != self.key
        if rr_type in have or ("CNAME" in have) or (rr_type == "CNAME" and (have or key == self.key)):
            return False
        if key[:1] == (b"*",) and (cut or rr_type == "DNAME"):
            return False
        if cut and "DNAME" in {rr_type, *have}:
            return False
        self.owners.setdefault(key, owner)
        self.rrsets.setdefault(key, {})[rr_type] = Rrset(self.ttl if ttl is None else ttl, data)
        return True

    def remove(self, key, rr_type=None):
        """Removes one RRset, or all that the name owns."""
        rrsets = self.rrsets.get(key, {})
        rrsets.pop(rr_type, None)
        if rr_type is None or not rrsets:
            self.rrsets.pop(key, None)
            self.owners.pop(key, None)

    def rrset(self, key, rr_type):
        return self.rrsets.get(key, {}).get(rr_type)

    def is_cut(self, key):
        return key != self.key and self.rrset(key, "NS") is not None

    def closest_encloser(self, key):
        """The longest name at or above `key` that exists here (RFC 4592 §3.3.1)."""
        return key[len(key) - max(common_suffix(key, owner) for owner in self.rrsets):]

    def pool(self, key):
        """Lets gslbd have the name's addresses from a pool; others have them as records."""
        rrsets = self.rrsets[key]
        families = [rr_type for rr_type in ("A", "AAAA") if rr_type in rrsets]
        for rr_type in families:
            rrsets[rr_type] = rrsets[rr_type]._replace(ttl=rrsets[families[0]].ttl)
            self.pooled.add(key)

    def as_json(self):
        records, pools = {}, {}
        for key, rrsets in self.rrsets.items():
            pooled = ("A", "AAAA") if key in self.pooled else ()
            data = {rr_type: {"data": rrset.data if len(rrset.data) > 1 else rrset.data[0], "ttl": rrset.ttl}
                    for rr_type, rrset in rrsets.items() if rr_type not in pooled}
            members = [(address, rrsets[rr_type].ttl) for rr_type in pooled if rr_type in rrsets
                       for address in rrsets[rr_type].data]
            if members:
                data["pool"] = {"name": f"pool{len(pools)}", "ttl": members[0][1]}
                pools[data["pool"]["name"]] = {"members": [{"address": address} for address, _ in members]}
            records[to_text(self.owners[key], self.apex)] = data
        zone = {"zone": to_text(self.apex), "ttl": self.ttl, "soa": self.soa, "pools": pools, "records": records}
        return json.dumps(zone, indent=1)

    def as_master(self):
        """The same as a master file of our own making, not gslbd's."""
        soa = " ".join(str(self.soa[field]) for field in
                       ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum"))
        lines = [f"$ORIGIN {to_text(self.apex)}", f"@ {self.soa['ttl']} IN SOA {soa}"]
        for key, rrsets in self.rrsets.items():
            owner = to_text(self.owners[key], self.apex)
            lines += [f"{owner} {rrset.ttl} IN {rr_type} {text}"
                      for rr_type, rrset in rrsets.items() for text in rrset.data]
        return "\n".join(lines) + "\n"


class World:
    """All the zones of one round."""

    def __init__(self, zones):
        self.zones = zones
        self.mentioned = set()  # every name that some RDATA holds
        self.servers = set()  # every name that some NS holds
        self._by_key = {zone.key: zone for zone in zones}

    def zone_of(self, key):
        """The served zone that is closest above the name (RFC 1034 §4.3.2 step 2); None when there is none."""
        for skip in range(len(key) + 1):
            zone = self._by_key.get(key[skip:])
            if zone:
                return zone
        return None

    def parent_of(self, zone):
        return self.zone_of(zone.key[1:]) if zone.key else None

    def delegating(self, key):
        """The zone of ours that has a cut at the name."""
        zone = self.zone_of(key)
        if zone and zone.key == key:
            zone = self.parent_of(zone)
        return zone if zone and zone.is_cut(key) else None

    def rrsets(self, key, rr_type):
        """Every RRset that some zone of ours holds for the name: authoritative data, glue, or what a wildcard gives."""
        within = [zone for zone in self.zones if is_within(key, zone.key)]
        found = [zone.rrset(key, rr_type) or self._wildcard(zone, key, rr_type) for zone in within]
        return [rrset for rrset in found if rrset]

    @staticmethod
    def _wildcard(zone, key, rr_type):
        for skip in range(1, len(key) - len(zone.key) + 1):
            rrset = zone.rrset((b"*", *key[skip:]), rr_type)
            if rrset:
                return rrset
        return None
