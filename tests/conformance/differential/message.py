# SPDX-License-Identifier: Apache-2.0
"""A fast reader of DNS messages: names decompressed and in lower case, so that two servers' answers compare equal when
they say the same."""

import struct
from typing import NamedTuple

OPT = 41
# Where names stand in RDATA: octets before them, and how many there are in a row. NAPTR is read on its own.
_NAMES = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 14: (0, 2), 15: (2, 1), 17: (0, 2), 18: (2, 1), 21: (2, 1),
          33: (6, 1), 36: (2, 1), 39: (0, 1), 64: (2, 1), 65: (2, 1), 107: (2, 1)}
_NAPTR = 35
_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")


class Record(NamedTuple):
    owner: bytes  # wire form, lower case
    type: int
    rr_class: int
    ttl: int
    data: bytes  # wire form, names uncompressed and in lower case


class Response:
    """One message. `compressed` are the types in whose RDATA a compression pointer stands."""

    def __init__(self, octets):
        self.size = len(octets)
        self.id, flags, questions, *counts = _HEADER.unpack_from(octets)
        self.flags = flags
        self.rcode = flags & 15
        self.aa = bool(flags & 0x400)
        self.tc = bool(flags & 0x200)
        self.opt = None
        self.continued_at = frozenset()  # names behind which it was put together of several, see chains.py
        self.compressed = set()
        self._octets, self._names = octets, {}
        at = 12
        for _ in range(questions):
            at = self._name(at)[1] + 4
        self.question = octets[12:at]
        self.answer, at = self._section(counts[0], at)
        self.authority, at = self._section(counts[1], at)
        self.additional, at = self._section(counts[2], at)
        if at != len(octets):
            raise ValueError(f"{len(octets) - at} octets after the message")
        self.view = self.make_view()

    def make_view(self):
        """What two servers must agree on, whatever the order of records within a section."""
        return (self.rcode, self.aa, sorted(self.answer), sorted(self.authority))

    def replaced(self, **parts):
        """The same response with some of its parts changed."""
        other = object.__new__(Response)
        other.__dict__.update(self.__dict__, **parts)
        other.view = other.make_view()
        return other

    def _section(self, count, at):
        records, octets = [], self._octets
        for _ in range(count):
            owner, at = self._name(at)
            rr_type, rr_class, ttl, length = _FIXED.unpack_from(octets, at)
            at += 10
            if at + length > len(octets):
                raise ValueError("RDATA runs past the message")
            if rr_type == OPT:
                self.opt = (rr_class, ttl, octets[at:at + length])
                self.rcode |= ttl >> 24 << 4
            else:
                records.append(Record(owner, rr_type, rr_class, ttl, self._rdata(rr_type, at, at + length)))
            at += length
        return records, at

    def _rdata(self, rr_type, at, end):
        octets = self._octets
        if rr_type == _NAPTR:
            text = at + 4
            for _ in range(3):
                text += 1 + octets[text]
            before, count = text - at, 1
        elif rr_type in _NAMES:
            before, count = _NAMES[rr_type]
        else:
            return octets[at:end]
        data = octets[at:at + before]
        at += before
        for _ in range(count):
            name, after = self._name(at)
            if after - at != len(name):
                self.compressed.add(rr_type)
            data += name
            at = after
        if at > end:
            raise ValueError("a name runs past its RDATA")
        return data + octets[at:end]

    def _name(self, at):
        """(wire form in lower case, offset behind it). Length octets are below 'A': lower() leaves them."""
        octets, start = self._octets, at
        length = octets[at]
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | octets[at + 1]
            if target >= start:
                raise ValueError("a compression pointer that does not point back")
            known = self._names.get(target)
            return (known if known is not None else self._name(target)[0]), at + 2
        while 0 < length < 0xC0:
            at += 1 + length
            length = octets[at]
        if length:
            tail, after = self._name(at)
            name = octets[start:at].lower() + tail
        else:
            after = at + 1
            name = octets[start:after].lower()
        if len(name) > 255:
            raise ValueError("a name of more than 255 octets")
        self._names[start] = name
        return name, after
