# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a response of ours on its own, whatever other servers say: each check yields sentences."""

import socket

from message import Record
from model import TYPE_NAMES, TYPES
from names import from_wire, is_within, to_text, to_wire

PAYLOAD = 1232
# Only these types may have compressed names in RDATA (RFC 3597 §4).
COMPRESSIBLE = {2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15}
ADDRESSES = {TYPES["A"]: ("A", socket.AF_INET), TYPES["AAAA"]: ("AAAA", socket.AF_INET6)}
BINDINGS = (TYPES["SVCB"], TYPES["HTTPS"])


def faults(query, ours, world):
    for check in (_header, _edns, _records, _chain, _additional, _glue):
        yield from check(query, ours, world)


def _header(query, ours, _):
    if not ours.flags & 0x8000 or ours.flags >> 11 & 15:
        yield "QR or opcode is wrong (RFC 1035 §4.1.1)"
    if bool(ours.flags & 0x100) is not query.rd:
        yield "RD is not copied (RFC 1035 §4.1.1)"
    if ours.flags & 0x00F0:
        yield "RA, Z, AD or CD is set"
    if ours.question != query.wire(0)[12:12 + len(to_wire(query.name)) + 4]:
        yield "the question does not come back octet by octet"
    if ours.size > query.limit:
        yield f"{ours.size} octets, where {query.limit} are allowed (RFC 6891 §6.2.3)"


def _edns(query, ours, _):
    if (ours.opt is None) is not (query.edns is None):
        yield "an OPT in the query and one in the response go together (RFC 6891 §6.1.1)"
    elif ours.opt and ours.opt[0] != PAYLOAD:
        yield "the OPT offers another payload size"
    elif ours.opt and bool(ours.opt[1] & 0x8000) is not query.do:
        yield "DO is not copied (RFC 3225 §3)"
    elif ours.opt and ours.opt[1] & 0x00FF7FFF:
        yield "the OPT's version or unassigned flags are set (RFC 6891 §6.1.3, §6.1.4)"


def _records(_, ours, __):
    if not ours.compressed <= COMPRESSIBLE:
        yield f"compressed names in the RDATA of {ours.compressed - COMPRESSIBLE} (RFC 3597 §4)"
    for section in (ours.answer, ours.authority, ours.additional):
        if len(set(section)) != len(section):
            yield "a record stands twice in a section (RFC 2181 §5)"
        ttls = {}
        for record in section:
            if record.rr_class != 1:
                yield "a record is not of class IN"
            if ttls.setdefault(record[:2], record.ttl) != record.ttl:
                yield "an RRset has two TTLs (RFC 2181 §5.2)"


def _chain(query, ours, _):
    """The answer reads from the question on: every CNAME before what it leads to (RFC 1034 §4.3.2, RFC 6672 §3.2)."""
    at = to_wire(query.name).lower()
    for record in ours.answer:
        if record.type == TYPES["DNAME"] and record.owner != at:
            if not at.endswith(record.owner):
                yield "a DNAME stands before the name it redirects"
        elif record.owner != at:
            yield f"a record of {to_text(from_wire(record.owner))} does not follow from the question"
        elif record.type == TYPES["CNAME"] and query.type != TYPES["CNAME"]:
            at = record.data


def _additional(_, ours, world):
    """Every RRset there is a whole one of ours: addresses, and service bindings (RFC 9460 §4.1)."""
    sets = {}
    for record in ours.additional:
        sets.setdefault((record.owner, record.type), []).append(record)
    for (owner, rr_type), records in sets.items():
        if rr_type not in ADDRESSES and rr_type not in BINDINGS:
            yield f"type {rr_type} in the additional section"
            continue
        rrsets = world.rrsets(from_wire(owner), TYPE_NAMES[rr_type])
        if rr_type in ADDRESSES:
            family = ADDRESSES[rr_type][1]
            have = (records[0].ttl, sorted(socket.inet_ntop(family, record.data) for record in records))
            known = have in [(rrset.ttl, sorted(rrset.data)) for rrset in rrsets]
        else:
            known = (records[0].ttl, len(records)) in [(rrset.ttl, len(rrset.data)) for rrset in rrsets]
        if not known:
            yield f"the additional section's {to_text(from_wire(owner))} {TYPE_NAMES[rr_type]} is no RRset of ours"


def _glue(query, ours, world):
    """A referral has the addresses that the zone holds for its name servers: those below the cut in any case, or TC;
    the others if all of them fit (RFC 9471 §3)."""
    missing = {}  # records, and whether they are below the cut
    for record in ours.authority:
        cut, server = from_wire(record.owner), from_wire(record.data)
        if record.type != TYPES["NS"] or (zone := world.delegating(cut)) is None:
            continue
        for rr_type, (name, family) in ADDRESSES.items():
            rrset = zone.rrset(server, name) if server else None  # "." is no host
            for text in rrset.data if rrset else ():
                missing[Record(record.data, rr_type, 1, rrset.ttl, socket.inet_pton(family, text))] = \
                    is_within(server, cut)
    for record in ours.additional:
        missing.pop(record, None)
    everything_fits = ours.size + sum(12 + len(record.data) for record in missing) <= query.limit
    for record, below_cut in missing.items():
        if not ours.tc and (below_cut or everything_fits):
            yield f"the glue {to_text(from_wire(record.owner))} TYPE{record.type} {record.data.hex()} is missing"
