# SPDX-License-Identifier: Apache-2.0
"""Compares the responses to one query: ours by itself, and with each peer's by the rules."""

import collections
import struct

from faults import faults
from message import Response
from names import from_wire, to_text
from rules import RULES, Case

OURS = "gslbd"
MOST_STEPS = 32  # rules applied to one response, such as zone after zone of a chain
MOST_SHOWN = 24
ONE_NAME = (2, 5, 12, 39)  # NS, CNAME, PTR, DNAME


class Judge:
    def __init__(self, world, exchange):
        self._world, self._exchange = world, exchange
        self.fired = collections.Counter()

    def again(self, server, query):
        octets = self._exchange.ask_one(server, query)
        return Response(octets) if octets else None

    def judge(self, query, octets):
        """Yields what is wrong, as text."""
        try:
            yield from self._judge(query, octets)
        except (ValueError, IndexError, struct.error) as error:
            yield f"malformed: {error}: {octets[OURS].hex()}"

    def _judge(self, query, octets):
        silent = [name for name, answer in octets.items() if not answer]
        if silent:
            yield f"no answer from {', '.join(silent)}"
            return
        got = {name: Response(answer) for name, answer in octets.items()}
        ours = got[OURS]
        yield from faults(query, ours, self._world)
        if any(answer.tc for answer in got.values()):
            full = {name: self.again(name, query) if answer.tc else answer for name, answer in got.items()}
            if not all(full.values()):
                yield f"no answer over TCP: {full}"
                return
            if ours.tc:
                yield from self._truncated(query, ours, full[OURS])
            got, ours = full, full[OURS]
        for name, theirs in got.items():
            if name != OURS:
                yield from self._compare(Case(query, ours, theirs, name, self._world, self.again))

    def _truncated(self, query, ours, full):
        """TC is for what does not fit, and for nothing else (RFC 2181 §9)."""
        yield from faults(query._replace(tcp=True), full, self._world)
        if full.size <= query.limit:
            yield f"TC though {full.size} octets fit into {query.limit}"
        if ours.rcode not in (0, full.rcode) or ours.aa != full.aa:
            yield "RCODE or AA change with TC"  # what does not fit may be what decides the RCODE
        if not set(ours.answer) <= set(full.answer) or not set(ours.authority) <= set(full.authority):
            yield "the truncated response says something else"

    def _compare(self, case):
        fired = []
        while case.ours.view != case.theirs.view:
            for rule in RULES if len(fired) < MOST_STEPS else ():
                changed = rule.apply(case) if case.peer in rule.peers else None
                if changed is not None and changed.view != case.theirs.view:
                    fired.append(rule.name)
                    case = case._replace(theirs=changed)
                    break
            else:
                yield f"differs from {case.peer}" + (f" (after {', '.join(fired)})" if fired else "") + \
                    f":\n{show(case.ours, 'ours', case.theirs)}\n{show(case.theirs, case.peer, case.ours)}"
                return
        for name in set(fired):
            self.fired[case.peer, name] += 1


def show(response, whose, other):
    """The response as text; of many records only those that the other response does not have."""
    lines = [f"  {whose}: rcode {response.rcode}{' aa' if response.aa else ''}{' tc' if response.tc else ''}"
             f" {response.size} octets"]
    for title in ("answer", "authority", "additional"):
        records = getattr(response, title)
        shared = set(getattr(other, title)) if len(records) > MOST_SHOWN else ()
        for record in records:
            if record not in shared:
                data = to_text(from_wire(record.data)) if record.type in ONE_NAME else record.data.hex()
                lines.append(f"    {title[:4]} {to_text(from_wire(record.owner))} {record.ttl} TYPE{record.type} "
                             f"{data[:100]}")
    return "\n".join(lines)
