# SPDX-License-Identifier: Apache-2.0
"""Where the servers part on CNAME and DNAME: how far they follow, and across which zones."""

from names import from_wire, to_wire

CNAME, SOA, DNAME, DS, RRSIG, NSEC, ANY = 5, 6, 39, 43, 46, 47, 255
YXDOMAIN = 6
OUR_LIMIT = 17  # CNAMEs in an answer of ours at most
KNOTS_LIMIT = 5
SPARE = 65399  # a type that nothing owns


def chain_of(response, query):
    """(the CNAMEs in the order of the chain, the name where it ends)."""
    cnames = {record.owner: record for record in response.answer if record.type == CNAME}
    at, chain = to_wire(query.name).lower(), []
    while query.type != CNAME and at in cnames:
        record = cnames.pop(at)
        chain.append(record)
        at = record.data
    return chain, at


def zone_of(case, wire):
    """The zone that the search for the name starts in: for DS that of the parent (RFC 4035 §3.1.4.1)."""
    key = from_wire(wire)
    zone = case.world.zone_of(key)
    if case.query.type == DS and zone and zone.key == key and key:
        zone = case.world.parent_of(zone) or zone
    return zone


def continued(case, end, kept=None, rr_type=None):
    """Their answer, or what is `kept` of it, and then what they say of the name where it ends. Once a name."""
    if (end, rr_type) in case.theirs.continued_at:
        return None
    more = case.again(case.peer, case.query._replace(name=from_wire(end), type=rr_type or case.query.type))
    if more is None:
        return None
    answer = list(case.theirs.answer) if kept is None else kept
    answer += [record for record in more.answer if record not in answer]
    return case.theirs.replaced(answer=answer, authority=more.authority, rcode=more.rcode,
                                continued_at=case.theirs.continued_at | {(end, rr_type)})


def _open_end(case):
    """(chain, end) where their answer ends in a CNAME and ours goes on from there."""
    chain, end = chain_of(case.theirs, case.query)
    mine = chain_of(case.ours, case.query)[0]
    if not chain or mine[:len(chain)] != chain or zone_of(case, end) is None:
        return None
    return None if any(record.owner == end for record in case.theirs.answer) else (chain, end)


def other_zone(case):
    """Cuts their answer where the chain enters another zone of ours, and continues it there."""
    chain, _ = chain_of(case.theirs, case.query)
    for record in chain:
        zone = zone_of(case, record.data)
        if zone is None or zone is zone_of(case, record.owner):
            continue
        at = case.theirs.answer.index(record)
        changed = continued(case, record.data, case.theirs.answer[:at + 1])
        if changed and changed.view != case.theirs.view:
            return changed
    return None


def knots_limit(case):
    found = _open_end(case)
    if not found or len(found[0]) < KNOTS_LIMIT or case.theirs.authority:
        return None
    return continued(case, found[1])


def our_limit(case):
    mine, theirs = chain_of(case.ours, case.query)[0], chain_of(case.theirs, case.query)[0]
    if len(mine) != OUR_LIMIT or theirs[:OUR_LIMIT] != mine:
        return None
    answer = [record for record in case.theirs.answer if record in case.ours.answer]
    return case.theirs.replaced(answer=answer, authority=[], rcode=0)


def dname_twice(case):
    found = _open_end(case)
    if not found or not any(_redirects(record, found[1]) for record in case.theirs.answer):
        return None
    return continued(case, found[1])


def overflow(case):
    _, end = chain_of(case.theirs, case.query)
    for record in case.theirs.answer:
        if _redirects(record, end) and len(end) - len(record.owner) + len(record.data) > 255:
            kept = [other for other in case.theirs.answer if other in case.ours.answer]
            return case.theirs.replaced(answer=kept, authority=[], rcode=YXDOMAIN)
    return None


def _redirects(record, name):
    return record.type == DNAME and name != record.owner and name.endswith(record.owner)


def beside_cname(case):
    chain, end = chain_of(case.theirs, case.query)
    mine = chain_of(case.ours, case.query)[0]
    if case.query.type not in (RRSIG, NSEC) or mine[:len(chain)] != chain or len(mine) == len(chain):
        return None
    if [record.type for record in case.theirs.authority] != [SOA]:
        return None
    return continued(case, end, rr_type=SPARE)
