# SPDX-License-Identifier: Apache-2.0
"""docs/reference/differences.md, made of the rules."""

from rules import RULES

_NAMES = {"nsd": "NSD", "knot": "Knot DNS"}

_HEAD = """# Differences from NSD and Knot DNS

gslbd is compared with NSD 4.6 and Knot DNS 3.2, as Debian 12 has them, on random zones and random queries
(`tests/conformance/differential`). RCODE, AA, the answer and the authority section must be the same, and a truncated
response is asked for again over TCP. Where gslbd has addresses from a pool, the others have them as records. In the
additional section ours must have whole RRsets that the zones hold, and all glue (RFC 9471 §3). What differs is this
and nothing else:

| rule | from | difference | what decides it |
|---|---|---|---|
"""


def page():
    return _HEAD + "".join(
        f"| `{rule.name}` | {', '.join(_NAMES[peer] for peer in rule.peers)} | {rule.difference} | {rule.reading} |\n"
        for rule in RULES)
