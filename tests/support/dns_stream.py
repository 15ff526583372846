# SPDX-License-Identifier: Apache-2.0
"""DNS over TCP by hand: octets as one likes, and the answers as they come; and what a balancer puts before them."""

import socket
import struct

from dns_client import parse, query
from waiting import PATIENCE_S


def framed(message):
    """With its two octets of length (RFC 1035 §4.2.2)."""
    return struct.pack("!H", len(message)) + message


def proxy_header(client, port, transport, extensions=b""):
    """A PROXY header, version 2, that tells `client` as who asks; of the proxy itself when that is None."""
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    if client is None:
        return signature + b"\x20\x00" + struct.pack("!H", len(extensions)) + extensions
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = socket.inet_pton(family, client)
    content = address + bytes(len(address)) + struct.pack("!HH", port, 53) + extensions
    kind = (0x20 if family == socket.AF_INET6 else 0x10) | (1 if transport == "tcp" else 2)
    return signature + struct.pack("!BBH", 0x21, kind, len(content)) + content


class Stream:
    """One connection. `receive` and `ask` return None once the server has closed it; a reset raises."""

    def __init__(self, endpoint, source=None, receive_buffer=None):
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            if source:
                self.sock.bind((source, 0))
            self.sock.connect(endpoint)
        except OSError:
            self.sock.close()
            raise

    def send(self, octets):
        self.sock.sendall(octets)

    def send_query(self, name, rr_type="A", **options):
        self.send(framed(query(name, rr_type, **options)))

    def _octets(self, count):
        octets = b""
        while len(octets) < count:
            more = self.sock.recv(count - len(octets))
            if not more:
                return None
            octets += more
        return octets

    def receive_octets(self):
        """One message as it is on the wire, without its length."""
        length = self._octets(2)
        return None if length is None else self._octets(struct.unpack("!H", length)[0])

    def receive(self):
        message = self.receive_octets()
        return None if message is None else parse(message)

    def ask(self, name, rr_type="A"):
        self.send_query(name, rr_type)
        return self.receive()

    def finish_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Vanishes, as a client that crashes."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
