# SPDX-License-Identifier: Apache-2.0
"""The zones that are served, in two languages: JSON for gslbd, a master file for the others."""

import json

ZONE = "bench.example"


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


# Owners are pairs of a name, relative to the zone, and {type: [data in presentation format]}.

def hosts(count):
    """n0, n1, ... with one A record each."""
    return ((f"n{number}", {"A": [address(number)]}) for number in range(count))


def aliases(count, targets):
    """c0, c1, ...: CNAMEs of hosts()."""
    return ((f"c{number}", {"CNAME": [f"n{number * 7919 % targets}"]}) for number in range(count))


def texts(count, octets):
    """t0, t1, ... with one TXT record each, whose data have so many octets, lengths of strings included."""
    def data(number):
        whole, rest = divmod(octets, 256)
        text = f"{number:06}" + "v" * 250
        return " ".join([f'"{text[:255]}"'] * whole + ([f'"{text[:rest - 1]}"'] if rest > 1 else []))
    return ((f"t{number}", {"TXT": [data(number)]}) for number in range(count))


def wildcards(count):
    """*.w0, *.w1, ..."""
    return ((f"*.w{number}", {"A": [address(number)]}) for number in range(count))


def delegations(count):
    """d0, d1, ... to two name servers each, with glue."""
    for number in range(count):
        yield f"d{number}", {"NS": [f"a.d{number}", f"b.d{number}"]}
        yield f"a.d{number}", {"A": [address(2 * number)]}
        yield f"b.d{number}", {"A": [address(2 * number + 1)]}


def write_json(path, owners, pools=(), zone=ZONE, serial=1):
    """`pools` are names of pools that are served under their own name."""
    with open(path, "w") as out:
        out.write(f'{{"zone": "{zone}", "ttl": "1h",\n'
                  ' "soa": {"mname": "ns1", "rname": "hostmaster", '
                  f'"serial": {serial}, "minimum": "5m"}},\n'
                  ' "records": {"@": {"NS": ["ns1", "ns2"]}, "ns1": {"A": "192.0.2.1"}, "ns2": {"A": "192.0.2.2"}')
        for name, types in owners:
            out.write(f',\n  "{name}": {json.dumps(types)}')
        for name in pools:
            out.write(f',\n  "{name}": {{"pool": "{name}"}}')
        out.write("}}\n")


def write_master(path, owners, lines=(), zone=ZONE, serial=1):
    """`lines` are put behind the owners as they are."""
    with open(path, "w") as out:
        out.write(f"$ORIGIN {zone}.\n$TTL 3600\n@ IN SOA ns1 hostmaster {serial} 3600 600 1209600 300\n"
                  "@ IN NS ns1\n@ IN NS ns2\nns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n")
        for name, types in owners:
            for rr_type, values in types.items():
                out.writelines(f"{name} IN {rr_type} {value}\n" for value in values)
        out.writelines(f"{line}\n" for line in lines)
