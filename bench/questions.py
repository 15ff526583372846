# SPDX-License-Identifier: Apache-2.0
"""What is asked: messages as gslbd_load reads them, each after two octets of length (bench/load/queries.h)."""

import random
import socket
import struct

from dns_client import TYPES
from zone_data import ZONE

SEED = 1
ZONE_WIRE = b"".join(bytes([len(label)]) + label.encode() for label in ZONE.split(".")) + b"\0"
OPT, COOKIE = 41, 10
PAYLOAD = 1232
CLIENT_COOKIE = bytes(range(8))


def question(name, rr_type="A"):
    """A query for `name` under the zone, its ID to be filled in."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\0\0\0\0\1\0\0\0\0\0\0" + labels + ZONE_WIRE + struct.pack("!HH", TYPES[rr_type], 1)


def with_edns(message, cookie=None):
    """The query with an OPT record (RFC 6891), which may hold a cookie (RFC 7873)."""
    option = b"" if cookie is None else struct.pack("!HH", COOKIE, len(cookie)) + cookie
    return (message[:10] + b"\0\1" + message[12:]
            + struct.pack("!BHHIH", 0, OPT, PAYLOAD, 0, len(option)) + option)


def server_cookie(port):
    """The cookie that the server on this port of the loopback gives its clients there: 8 octets of theirs and its own;
    None from one that gives none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect(("127.0.0.1", port))
        sock.send(with_edns(question("ns1"), CLIENT_COOKIE))
        reply = sock.recv(4096)
    at = reply.rfind(struct.pack("!H", COOKIE))
    while at >= 0:  # the option is the last that looks like one: its length leads into our own cookie
        length = struct.unpack_from("!H", reply, at + 2)[0] if at + 4 <= len(reply) else 0
        cookie = reply[at + 4:at + 4 + length]
        if len(cookie) == length > 8 and cookie.startswith(CLIENT_COOKIE):
            return cookie
        at = reply.rfind(struct.pack("!H", COOKIE), 0, at)
    return None


def write(path, messages):
    with open(path, "wb") as out:
        out.writelines(struct.pack("!H", len(message)) + message for message in messages)


# What the workloads ask: of so many names, with that source of chance, so many messages.

def hosts(names, chance, count):
    """Random hosts; 10 % are of names that do not exist."""
    for _ in range(count):
        prefix = "x" if chance.random() < 0.1 else "n"
        yield question(f"{prefix}{chance.randrange(names)}")


def among(template, rr_type="A", edns=False):
    """`template` with the number of a name for {0}, and what never comes twice for {1}."""
    def ask(names, chance, count):
        for _ in range(count):
            message = question(template.format(chance.randrange(names), f"{chance.getrandbits(32):08x}"), rr_type)
            yield with_edns(message) if edns else message
    return ask


def mixed(names, chance, count, cookie=CLIENT_COOKIE):
    """70 % hosts, 10 % each of CNAMEs, of AAAA that are not there, and of names that are not. Of all that, 30 % are
    without EDNS, 40 % with, 15 % with a client's cookie, 15 % with the server's beside it."""
    def some(letter, rr_type="A", among=names):
        return question(f"{letter}{chance.randrange(among)}", rr_type)
    kinds = [lambda: some("n"), lambda: some("c", among=names // 10 or 1), lambda: some("n", "AAAA"), lambda: some("x")]
    edns = [lambda message: message, with_edns, lambda message: with_edns(message, CLIENT_COOKIE),
            lambda message: with_edns(message, cookie)]
    for _ in range(count):
        message = chance.choices(kinds, (70, 10, 10, 10))[0]()
        yield chance.choices(edns, (30, 40, 15, 15))[0](message)


def make(workload, **more):
    """The same messages at every call."""
    return workload.ask(workload.names, random.Random(SEED), workload.messages, **more)
