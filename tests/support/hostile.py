# SPDX-License-Identifier: Apache-2.0
"""Sites that mean harm, one behaviour each: what a prober must survive without harm to itself or to others."""

import re
import socket
import ssl
import threading

BLOCK = 64 * 1024
OK = b"HTTP/1.1 200 OK\r\n"


def for_ever(connection, octets):
    """Says it again and again, until nobody listens."""
    block = octets * max(1, BLOCK // len(octets))
    while True:
        connection.sendall(block)


def until_gone(connection):
    """Hears whatever is said, and says nothing."""
    while connection.recv(BLOCK):
        pass


# --- over HTTP/1.1 ---

def answer(*parts, repeat=b""):
    """What hears a request and answers with `parts`, then with `repeat` for ever."""
    def behave(connection, _stop):
        connection.recv(BLOCK)
        for part in parts:
            connection.sendall(part)
        if repeat:
            for_ever(connection, repeat)
        until_gone(connection)
    return behave


def drip(connection, stop):
    """An octet of an endless header from time to time."""
    connection.recv(BLOCK)
    connection.sendall(OK + b"X: ")
    while not stop.wait(0.05):
        connection.sendall(b"a")


def rubbish(connection, _stop):
    for_ever(connection, b"\0\xff rubbish ")


def silence(connection, _stop):
    until_gone(connection)


def hang_up(connection, _stop):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST


ENDLESS_BODY = answer(OK + b"\r\n", repeat=b"a body without end ")
ENDLESS_HEADER = answer(OK, repeat=b"X-Header: of many\r\n")
GZIP_BOMB = answer(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08", repeat=b"\0" * 64)
CIRCLE = answer(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")


# --- over HTTP/2 (RFC 9113) ---

def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


REQUEST = re.compile(b"\x01[\x04\x05]\0\0\0\x01")  # HEADERS of the first stream, complete


def answer_2(*frames, repeat=b""):
    """The same over HTTP/2, without TLS."""
    def behave(connection, _stop):
        connection.sendall(frame(4, 0, 0))
        heard = b""
        while not REQUEST.search(heard):
            more = connection.recv(BLOCK)
            if not more:
                return
            heard += more
        for each in frames:
            connection.sendall(each)
        if repeat:
            for_ever(connection, repeat)
        until_gone(connection)
    return behave


STATUS_200 = b"\x88"  # RFC 7541, appendix A
# A field that the table keeps, and 10,000 times "that one again".
BOMB = b"\x40\x01a\x7f\xb9\x16" + b"b" * 3000 + b"\xbe" * 10_000
FLOOD_2 = answer_2(frame(1, 4, 1, STATUS_200), repeat=frame(0, 0, 1))
BOMB_2 = answer_2(frame(1, 4, 1, STATUS_200 + BOMB))
PING_2 = answer_2(repeat=frame(6, 0, 0, b"12345678"))


class HostileSite:
    """Listens on `address`, port the kernel's choice, and does to every connection what `behave` says; with `context`
    only after a TLS handshake. Without `behave` nothing is accepted, and its queue is full."""

    def __init__(self, address, behave=None, context=None):
        self.address, self._behave, self._context = address, behave, context
        self._stop = threading.Event()
        self._open = []
        self._listener = socket.create_server((address, 0), backlog=0 if behave is None else 128)
        self.port = self._listener.getsockname()[1]
        if behave is None:
            self._fill_queue()
        else:
            threading.Thread(target=self._serve, daemon=True).start()

    def _fill_queue(self):
        for _ in range(2):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((self.address, self.port))
            self._open.append(sock)

    def _serve(self):
        try:
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._have, args=(connection,), daemon=True).start()
        except OSError:  # closed
            pass

    def _have(self, connection):
        try:
            with connection:
                if self._context is not None:
                    with self._context.wrap_socket(connection, server_side=True) as secure:
                        self._behave(secure, self._stop)
                else:
                    self._behave(connection, self._stop)
        except (OSError, ssl.SSLError):  # the other side has had enough
            pass

    def close(self):
        self._stop.set()
        if self._behave is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            sock.close()
