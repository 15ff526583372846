# SPDX-License-Identifier: Apache-2.0
"""Random names: labels that collide often, labels that readers trip over, and names as long as names get."""

from names import length

COMMON = [b"a", b"b", b"c", b"www", b"mail", b"ns1", b"x", b"y", b"_sip", b"_tcp", b"ent", b"dev"]
ODD = [b"A.b", b"\0", b"\xff\xfe", b"sp ace", b'quo"te', b"back\\slash", b"semi;colon", b"@", b"$x", b"(p)", b"*a",
       b"a*", b"\xc3\x84", b"\n", b"123", b"0", b"L" * 63, b"m" * 62 + b"M", b"**", b"xn--a"]


def cased(rng, name):
    """The name with some letters in upper case."""
    return tuple(bytes(c - 32 if 0x61 <= c <= 0x7a and rng.random() < 0.5 else c for c in label) for label in name)


def label(rng, stars=0.0):
    if rng.random() < stars:
        return b"*"
    if rng.random() < 0.1:
        return rng.choice(ODD)
    if rng.random() < 0.3:
        return rng.choice(COMMON) + str(rng.randrange(20)).encode()
    return rng.choice(COMMON)


def below(rng, parent, depth=None, stars=0.0):
    """A name below `parent`, which is returned itself when there is no room."""
    name = parent
    for _ in range(depth or rng.choice([1, 1, 1, 2, 2, 3, 5])):
        longer = (label(rng, stars), *name)
        if length(longer) > 255:
            break
        name = longer
    return name


def longest(rng, parent):
    """A name below `parent` that fills the 255 octets (RFC 1035 §2.3.4): of short labels, 127 at most, or long."""
    size = rng.choice([1, 1, 63, 17])
    name = parent
    while length(name) < 254:
        name = (bytes([rng.choice(b"abc")]) * min(size, 254 - length(name)), *name)
    return name
