# SPDX-License-Identifier: Apache-2.0
"""The same zone in two languages: JSON for gslbd, a master file for the others; and the questions to ask of it."""

import random

ZONE = "bench.example"
SEED = 1


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def write_json(path, names):
    """`names` owners of one A record each, one a line."""
    with open(path, "w") as out:
        out.write(f'{{"zone": "{ZONE}", "ttl": "1h",\n'
                  ' "soa": {"mname": "ns1", "rname": "hostmaster", "serial": 1, "minimum": "5m"},\n'
                  ' "records": {"@": {"NS": ["ns1", "ns2"]}, "ns1": {"A": "192.0.2.1"}, "ns2": {"A": "192.0.2.2"}')
        for number in range(names):
            out.write(f',\n  "n{number}": {{"A": "{address(number)}"}}')
        out.write("}}\n")


def write_master(path, names):
    with open(path, "w") as out:
        out.write(f"$ORIGIN {ZONE}.\n$TTL 3600\n@ IN SOA ns1 hostmaster 1 3600 600 1209600 300\n"
                  "@ IN NS ns1\n@ IN NS ns2\nns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n")
        for number in range(names):
            out.write(f"n{number} IN A {address(number)}\n")


def write_questions(path, names, count=100_000, missing=0.1):
    """dnsperf's input: random owners, and `missing` of them names that do not exist."""
    chance = random.Random(SEED)
    with open(path, "w") as out:
        for _ in range(count):
            prefix = "x" if chance.random() < missing else "n"
            out.write(f"{prefix}{chance.randrange(names)}.{ZONE} A\n")
