# SPDX-License-Identifier: Apache-2.0
"""Random RDATA in presentation format, one function a type. `target` makes a name's text."""

import base64
import ipaddress


def _hex(rng, octets):
    return rng.randbytes(octets).hex()


def _base64(rng, octets):
    return base64.b64encode(rng.randbytes(octets)).decode()


def _groups(rng, separator, count, octets):
    return separator.join(_hex(rng, octets) for _ in range(count))


def _string(rng, longest=40):
    octets = rng.randbytes(rng.choice([0, 1, 7, rng.randint(0, longest)]))
    if rng.random() < 0.7:
        octets = bytes(0x61 + octet % 26 for octet in octets)
    text = "".join(chr(c) if 0x20 <= c < 0x7f and c not in b'"\\;' else f"\\{c:03}" for c in octets)
    return f'"{text}"'


def a(rng, _):
    return str(ipaddress.IPv4Address(0xC0000200 + rng.getrandbits(8)))


def aaaa(rng, _):
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) + rng.getrandbits(rng.choice([8, 64]))))


def txt(rng, _):
    return " ".join(_string(rng, 255) for _ in range(rng.choice([1, 1, 2, 4])))


def srv(rng, target):
    return f"{rng.getrandbits(16)} {rng.getrandbits(4)} {rng.getrandbits(16)} {target()}"


def caa(rng, _):
    return f'{rng.choice([0, 128])} {rng.choice(["issue", "issuewild", "iodef"])} "ca{rng.getrandbits(8)}.test"'


def naptr(rng, target):
    regexp = rng.choice(['"!^.*$!sip:info@example.com!"', '""'])
    return f'{rng.getrandbits(8)} {rng.getrandbits(8)} "{rng.choice(["u", "s", ""])}" "E2U+sip" {regexp} {target()}'


def loc(rng, _):
    where = f"{rng.randint(0, 89)} {rng.randint(0, 59)} {rng.randint(0, 59)}.{rng.randint(0, 999):03} "
    return (f"{where}{rng.choice('NS')} {where}{rng.choice('EW')} {rng.randint(-90, 4000)}.00m "
            f"{rng.randint(1, 9)}0m {rng.randint(1, 9)}000m 10m")


def svcb(rng, target):
    if rng.random() < 0.3:
        return f"0 {target()}"
    parts = [part for part in ("alpn=h2,h3", f"port={rng.getrandbits(16)}", "ipv4hint=192.0.2.1,192.0.2.2",
                               "ipv6hint=2001:db8::1") if rng.random() < 0.5]
    return " ".join([str(rng.randint(1, 9)), rng.choice([".", target()]), *parts])


def unknown(rng, _):
    octets = rng.choice([0, 1, 4, 30])
    return f"\\# {octets} {_hex(rng, octets)}".rstrip()


MAKERS = {
    "A": a, "AAAA": aaaa, "TXT": txt, "SPF": txt, "SRV": srv, "CAA": caa, "NAPTR": naptr, "LOC": loc,
    "SVCB": svcb, "HTTPS": svcb, "TYPE65280": unknown, "TYPE731": unknown, "TYPE65534": unknown,
    "NS": lambda rng, target: target(),
    "PTR": lambda rng, target: target(),
    "MX": lambda rng, target: f"{rng.getrandbits(6)} {target()}",
    "RT": lambda rng, target: f"{rng.getrandbits(6)} {target()}",
    "KX": lambda rng, target: f"{rng.getrandbits(6)} {target()}",
    "LP": lambda rng, target: f"{rng.getrandbits(6)} {target()}",
    "AFSDB": lambda rng, target: f"{rng.randint(1, 2)} {target()}",
    "RP": lambda rng, target: f"{target()} {target()}",
    "MINFO": lambda rng, target: f"{target()} {target()}",
    "HINFO": lambda rng, _: f"{_string(rng)} {_string(rng)}",
    "SSHFP": lambda rng, _: f"{rng.randint(1, 4)} 2 {_hex(rng, 32)}",
    "TLSA": lambda rng, _: f"{rng.randint(0, 3)} {rng.randint(0, 1)} 1 {_hex(rng, 32)}",
    "DS": lambda rng, _: f"{rng.getrandbits(16)} 13 2 {_hex(rng, 32)}",
    "URI": lambda rng, _: f'{rng.getrandbits(8)} {rng.getrandbits(8)} "https://u{rng.getrandbits(16)}.test/?a=b"',
    "SMIMEA": lambda rng, _: f"{rng.randint(0, 3)} {rng.randint(0, 1)} 1 {_hex(rng, 32)}",
    "CERT": lambda rng, _: f"{rng.randint(1, 8)} {rng.getrandbits(16)} 13 {_base64(rng, 30)}",
    "OPENPGPKEY": lambda rng, _: _base64(rng, rng.choice([1, 33, 200])),
    "DHCID": lambda rng, _: _base64(rng, 35),
    "APL": lambda rng, _: f"1:192.0.{rng.getrandbits(8)}.0/24 !2:2001:db8:{rng.getrandbits(12):x}::/48",
    "NID": lambda rng, _: f"{rng.getrandbits(6)} {_groups(rng, ':', 4, 2)}",
    "L32": lambda rng, _: f"{rng.getrandbits(6)} {a(rng, _)}",
    "L64": lambda rng, _: f"{rng.getrandbits(6)} {_groups(rng, ':', 4, 2)}",
    "EUI48": lambda rng, _: _groups(rng, "-", 6, 1),
    "EUI64": lambda rng, _: _groups(rng, "-", 8, 1),
}
PLAIN = sorted(set(MAKERS) - {"NS", "DS"})
FREQUENT = ["A", "AAAA", "TXT", "MX"]


def make(rng, rr_type, target, count):
    """Up to `count` different texts. Service bindings have a priority each: whether the case of their names tells them
    apart is nobody's rule."""
    texts = {}
    for _ in range(count):
        text = MAKERS[rr_type](rng, target)
        texts.setdefault(text.split(" ")[0] if rr_type in ("SVCB", "HTTPS") else text.lower(), text)
    return list(texts.values())
