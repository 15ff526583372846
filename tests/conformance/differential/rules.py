# SPDX-License-Identifier: Apache-2.0
"""The differences we stand by. A rule turns the other server's response into the one that its RFC text asks for, or
says None where it does not apply; after the rules the responses must be equal. So a rule excuses what it names and
nothing else. docs/reference/differences.md shows this table."""

from typing import Callable, NamedTuple

import chains
import choices

NSD, KNOT = ("nsd",), ("knot",)
BOTH = NSD + KNOT


class Case(NamedTuple):
    """One query and what came of it. `again(server, query)` asks more of a server, over TCP."""
    query: object
    ours: object
    theirs: object
    peer: str
    world: object
    again: Callable


class Rule(NamedTuple):
    name: str
    peers: tuple
    difference: str
    reading: str  # the RFC text that decides it, and how we read it
    apply: Callable


RULES = [
    Rule("minimal-authority", NSD,
         "NSD adds the zone's NS, and their addresses, to every positive answer.",
         "RFC 1034 §4.3.2: no step puts them into a positive answer, and the answer of §6.2.1 has an empty "
         "authority section. We send what is asked for.",
         choices.apex_ns),
    Rule("any", BOTH,
         "Asked for ANY, every server chooses what it gives. Ours is one RRset of the name, the same that the other "
         "server gives when it is asked for that type.",
         "RFC 8482 §4.1: a responder may answer ANY \"with a single RRset\".",
         choices.any_type),
    Rule("negative-without-soa", KNOT,
         "Knot DNS leaves the SOA out of a negative answer over UDP where it does not fit, without TC; we set TC.",
         "RFC 2308 §3: the SOA MUST be in the authority section of NXDOMAIN and NODATA. RFC 2181 §9: TC is for what "
         "is required and does not fit.",
         choices.soa_too_large),
    Rule("meta-types", BOTH,
         "QTYPE 0, OPT, TSIG and NXNAME: we say FORMERR; TKEY, MAILA and MAILB: NOTIMP. The others look the name up, "
         "or say NOTIMP (Knot DNS, type 0, in every class).",
         "RFC 6895 §3.1: type 0 \"must never be allocated for ordinary use\"; RFC 6891 §6.1.1, RFC 8945 §5.1: OPT "
         "and TSIG are parts of a message and never data of a zone; RFC 9824 §3.5 of NXNAME. RFC 1035 §4.1.1: "
         "NOTIMP is for a kind of query that the server does not support.",
         choices.meta_type),
    Rule("transfers", BOTH,
         "AXFR and IXFR of a zone: we say REFUSED, Knot DNS NOTAUTH. AXFR over UDP: we say what we say over TCP; the "
         "others say NOTIMP or FORMERR. In other classes we say REFUSED, as to every question there, Knot DNS NOTIMP.",
         "RFC 1035 §4.1.1: REFUSED is for what a server does not do for policy reasons, such as a zone transfer; RFC "
         "5936 §2.2.1: NOTAUTH is for zones that it does not have. §4.2 leaves AXFR over UDP undefined.",
         choices.transfer),
    Rule("class-any", BOTH,
         "QCLASS ANY: we answer as for IN, without AA. Knot DNS sets AA; NSD leaves the SOA out of negative answers.",
         "RFC 1035 §6.2, §7.1: with QCLASS=* \"authoritative answers won't be available\". RFC 2308 §3: the SOA "
         "MUST be there.",
         choices.class_any),
    Rule("repeated-records", BOTH,
         "Knot DNS repeats a CNAME that leads to itself, directly or through a DNAME, NSD one from a wildcard; we give "
         "it once.",
         "RFC 2181 §5: servers should suppress records whose label, class, type and data are all equal.",
         choices.repeats),
    Rule("beside-a-cname", KNOT,
         "Asked for RRSIG or NSEC of a name that owns a CNAME, Knot DNS says NODATA; we follow the CNAME.",
         "RFC 1034 §4.3.2 step 3a: QTYPE does not match CNAME, so the search goes on at the target. RFC 4035 §2.5 "
         "lets RRSIG and NSEC stand beside a CNAME, but here there are none.",
         chains.beside_cname),
    Rule("overflow", KNOT,
         "Where a DNAME makes the name too long, Knot DNS goes on at the DNAME's target, or adds the SOA; we stop "
         "with YXDOMAIN.",
         "RFC 6672 §3.2 step 3c: the overflow sets YXDOMAIN and ends the algorithm. There is no SOA: RFC 2308 §3 has "
         "it for NXDOMAIN and NODATA.",
         chains.overflow),
    Rule("dname-twice", NSD,
         "NSD ends an answer where a chain comes to the same DNAME again; we go on.",
         "RFC 6672 §3.2 step 3c goes back to step 1 after each substitution. The names differ each time: it is no "
         "loop until they repeat.",
         chains.dname_twice),
    Rule("chain-into-another-zone", KNOT,
         "Knot DNS stays in the zone that the question led to; we follow a chain into every zone that we serve, and "
         "say there what Knot DNS says when it is asked for that name.",
         "RFC 1034 §4.3.2 step 3a goes back to step 1, and step 2 takes the zone that is the nearest ancestor.",
         chains.other_zone),
    Rule("chain-length-of-knot", KNOT,
         f"Knot DNS ends an answer after {chains.KNOTS_LIMIT} CNAMEs; we go on, and say what it says when it is asked "
         "for the name where it ended.",
         "RFC 1034 §4.3.2 step 3a sets no limit.",
         chains.knots_limit),
    Rule("chain-length-of-ours", BOTH,
         f"We end an answer after {chains.OUR_LIMIT} CNAMEs; NSD goes on.",
         "RFC 1035 §7.1 has resolvers limit the work for one request; so do we. The answer up to there is true, and "
         "a resolver asks on from its end.",
         chains.our_limit),
    Rule("wildcards-in-rdata", NSD,
         "To NSD a wildcard exists as soon as RDATA names it or something below it: NODATA, where we say NXDOMAIN.",
         "RFC 4592 §3.3.1: the source of synthesis is a name that exists in the zone; by §2.2.3 a name in RDATA "
         "makes no name exist. Knot DNS says NXDOMAIN.",
         choices.wildcards_in_rdata),
    Rule("names-of-other-zones", NSD,
         "NSD keeps the names of all zones in one tree: names of one zone exist in the zones above or below it, "
         "which makes NXDOMAIN NODATA and hides wildcards.",
         "RFC 1034 §4.3.2 step 3: \"matching down, label by label, in the zone\"; RFC 4592 §3.3.1: the closest "
         "encloser is a name of that zone. Knot DNS says what we say.",
         choices.names_of_other_zones),
]
