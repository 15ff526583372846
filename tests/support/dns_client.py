# SPDX-License-Identifier: Apache-2.0
"""A small DNS client: enough to ask thousands of questions a second and to read the answers, and a wrapper of dig."""

import random
import socket
import struct
import subprocess
from typing import NamedTuple

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43,
         "SVCB": 64, "HTTPS": 65, "CAA": 257, "ANY": 255}
RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]


class Record(NamedTuple):
    name: str
    type: int
    ttl: int
    data: object  # an address as text for A and AAAA, octets otherwise


class Answer(NamedTuple):
    id: int
    rcode: str
    flags: int
    question: str
    answers: list
    authority: list
    additional: list

    @property
    def addresses(self):
        return [record.data for record in self.answers if record.type in (TYPES["A"], TYPES["AAAA"])]

    @property
    def authoritative(self):
        return bool(self.flags & 0x0400)

    @property
    def truncated(self):
        return bool(self.flags & 0x0200)


def query(name, rr_type="A", *, query_id=None, edns=False):
    """The octets of a question (RFC 1035 §4.1); with `edns` an OPT record that takes 1,232 octets (RFC 6891)."""
    number = random.getrandbits(16) if query_id is None else query_id
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label)
    message = struct.pack("!6H", number, 0, 1, 0, 0, int(edns)) + labels + b"\0" + struct.pack("!HH", TYPES[rr_type], 1)
    return message + (struct.pack("!BHHIH", 0, 41, 1232, 0, 0) if edns else b"")


def _name(message, at):
    """The name at `at` and the offset after it; compression pointers (RFC 1035 §4.1.4) are followed."""
    labels, after = [], None
    for _ in range(128):
        length = message[at]
        if length >= 0xC0:
            after = at + 2 if after is None else after
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
        elif length == 0:
            return ".".join(labels) + ".", (at + 1 if after is None else after)
        else:
            labels.append(message[at + 1:at + 1 + length].decode("latin-1"))
            at += 1 + length
    raise ValueError("a name of too many labels or pointers")


def _record(message, at):
    name, at = _name(message, at)
    rr_type, _, ttl, length = struct.unpack_from("!HHIH", message, at)
    at += 10
    data = message[at:at + length]
    if rr_type == TYPES["A"]:
        data = socket.inet_ntop(socket.AF_INET, data)
    elif rr_type == TYPES["AAAA"]:
        data = socket.inet_ntop(socket.AF_INET6, data)
    elif rr_type in (TYPES["NS"], TYPES["CNAME"], TYPES["PTR"]):
        data = _name(message, at)[0]
    return Record(name, rr_type, ttl, data), at + length


def parse(message):
    """An answer's octets as an Answer; ValueError, IndexError or struct.error when it is malformed."""
    number, flags, questions, *counts = struct.unpack_from("!6H", message)
    at, question = 12, ""
    for _ in range(questions):
        question, at = _name(message, at)
        at += 4
    sections = []
    for count in counts:
        records = []
        for _ in range(count):
            record, at = _record(message, at)
            records.append(record)
        sections.append(records)
    if at != len(message):
        raise ValueError(f"{len(message) - at} octets after the message")
    rcode = flags & 15
    return Answer(number, RCODES[rcode] if rcode < len(RCODES) else str(rcode), flags, question, *sections)


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask_udp(endpoint, name, rr_type="A", *, timeout=2.0, edns=False):
    """One question over UDP. `endpoint` is (address, port)."""
    with socket.socket(_family(endpoint[0]), socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(endpoint)
        message = query(name, rr_type, edns=edns)
        sock.send(message)
        reply = sock.recv(65535)
    if reply[:2] != message[:2]:
        raise ValueError("an answer to another question")
    return parse(reply)


def ask_tcp(endpoint, name, rr_type="A", *, timeout=2.0):
    """One question over TCP (RFC 7766)."""
    with socket.create_connection(endpoint, timeout=timeout) as sock:
        message = query(name, rr_type)
        sock.sendall(struct.pack("!H", len(message)) + message)
        with sock.makefile("rb") as stream:
            length = struct.unpack("!H", stream.read(2))[0]
            return parse(stream.read(length))


def dig(endpoint, *arguments, prefix=(), timeout=10):
    """dig's standard output. `prefix` is a command before it, such as ("nsenter", ...)."""
    command = [*prefix, "dig", f"@{endpoint[0]}", "-p", str(endpoint[1]), "+tries=1", "+time=2", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    return done.stdout


def dig_short(endpoint, *arguments, **options):
    """The lines of dig +short, sorted."""
    return sorted(line for line in dig(endpoint, "+short", *arguments, **options).splitlines()
                  if not line.startswith(";"))
