# SPDX-License-Identifier: Apache-2.0
"""Where the servers part on what to add, what to refuse, and which names exist."""

from chains import ANY, CNAME, SOA, chain_of, zone_of
from names import common_suffix, from_wire, is_within, lower

NS, IXFR, AXFR, CLASS_IN, CLASS_ANY = 2, 251, 252, 1, 255
NOERROR, FORMERR, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH = 0, 1, 3, 4, 5, 9
# 0, OPT, NXNAME, TSIG; TKEY, MAILB, MAILA
META_TYPES = {0: FORMERR, 41: FORMERR, 128: FORMERR, 250: FORMERR, 249: NOTIMP, 253: NOTIMP, 254: NOTIMP}


def apex_ns(case):
    authority = case.theirs.authority
    if not case.theirs.answer or case.ours.authority or not authority:
        return None
    if any((record.type, record.owner) != (NS, authority[0].owner) for record in authority):
        return None
    apex = from_wire(authority[0].owner)
    zone = case.world.zone_of(apex)
    return case.theirs.replaced(authority=[]) if zone and zone.key == apex else None


def any_type(case):
    """What they say, where the chain ends, of the type that we chose."""
    if case.query.type != ANY or case.ours.rcode != NOERROR or case.ours.authority or not case.ours.answer:
        return None
    owner, rr_type = case.ours.answer[-1][:2]
    if rr_type == CNAME or not any(record.owner == owner for record in case.theirs.answer):
        return None
    chosen = case.again(case.peer, case.query._replace(name=from_wire(owner), type=rr_type))
    if not chosen:
        return None
    before = [record for record in case.theirs.answer if record.owner != owner]
    return case.theirs.replaced(answer=before + chosen.answer, authority=[])


def repeats(case):
    return case.theirs.replaced(answer=list(dict.fromkeys(case.theirs.answer)))


def soa_too_large(case):
    if case.query.tcp or case.theirs.authority or case.theirs.continued_at:
        return None
    if [record.type for record in case.ours.authority] != [SOA] or case.ours.view[2] != case.theirs.view[2]:
        return None
    soa = case.ours.authority[0]
    if case.theirs.size + len(soa.owner) + 10 + len(soa.data) <= case.query.limit:
        return None
    return case.again(case.peer, case.query)


def _refused(case, rcode):
    return case.ours.rcode == rcode and not (case.ours.answer or case.ours.authority)


def meta_type(case):
    rcode = META_TYPES.get(case.query.type)
    if rcode is None:
        return None
    our_class = case.query.rr_class in (CLASS_IN, CLASS_ANY)
    return case.ours if _refused(case, rcode if our_class else REFUSED) else None


def transfer(case):
    query, theirs = case.query, case.theirs
    by_udp = query.type == AXFR and not query.tcp and theirs.rcode in (FORMERR, NOTIMP)
    at_apex = lower(query.name) in [zone.key for zone in case.world.zones] and theirs.rcode == NOTAUTH
    elsewhere = query.rr_class not in (CLASS_IN, CLASS_ANY) and theirs.rcode == NOTIMP
    if query.type not in (IXFR, AXFR) or theirs.answer or not (by_udp or at_apex or elsewhere):
        return None
    return case.ours if _refused(case, REFUSED) or (_refused(case, NOTAUTH) and not at_apex) else None


def class_any(case):
    if case.query.rr_class != CLASS_ANY or case.ours.aa or case.theirs.continued_at:
        return None
    answer = case.again(case.peer, case.query._replace(rr_class=CLASS_IN))
    return answer and answer.replaced(aa=False, continued_at=frozenset([CLASS_IN]))


def _end(case):
    """(the name where their chain ends, its zone), if ours comes by there."""
    chain, end = chain_of(case.theirs, case.query)
    if chain_of(case.ours, case.query)[0][:len(chain)] != chain or case.theirs.rcode not in (NOERROR, NXDOMAIN):
        return None, None
    return from_wire(end), zone_of(case, end)


def names_of_other_zones(case):
    end, zone = _end(case)
    if zone is None:
        return None
    encloser = zone.closest_encloser(end)
    foreign = any(common_suffix(key, end) > len(encloser) or is_within(key, (b"*", *encloser))
                  for other in case.world.zones if other is not zone for key in other.rrsets)
    return case.ours if foreign else None


def wildcards_in_rdata(case):
    end, zone = _end(case)
    if zone is None or (case.ours.rcode, case.theirs.rcode) != (NXDOMAIN, NOERROR):
        return None
    star = (b"*", *zone.closest_encloser(end))
    if not any(is_within(name, star) for name in case.world.mentioned):
        return None
    return case.theirs.replaced(rcode=NXDOMAIN)
