# SPDX-License-Identifier: Apache-2.0
"""Asks many queries of several servers at once: batches in flight on UDP, pipelined on TCP."""

import itertools
import socket
import struct

WINDOW = 64
_TIMEOUT_S = 5.0
_TRIES = 3


class Channel:
    """The way to one server."""

    def __init__(self, endpoint):
        self._endpoint = endpoint
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._udp.connect(endpoint)
        self._udp.settimeout(_TIMEOUT_S)

    def close(self):
        self._udp.close()

    def send(self, numbered):
        for number, query in numbered.items():
            self._udp.send(query.wire(number))

    def receive(self, numbered):
        """{number: octets}; what does not come in several tries is left out."""
        answers = {}
        for _ in range(_TRIES):
            try:
                while len(answers) < len(numbered):
                    octets = self._udp.recv(65535)
                    number = int.from_bytes(octets[:2], "big")
                    if number in numbered:
                        answers[number] = octets
                return answers
            except socket.timeout:
                self.send({number: query for number, query in numbered.items() if number not in answers})
        return answers

    def ask_tcp(self, numbered):
        answers = {}
        with socket.create_connection(self._endpoint, timeout=_TIMEOUT_S) as sock, sock.makefile("rb") as stream:
            messages = [query.wire(number) for number, query in numbered.items()]
            sock.sendall(b"".join(struct.pack("!H", len(message)) + message for message in messages))
            while len(answers) < len(numbered):
                try:
                    prefix = stream.read(2)
                except socket.timeout:
                    break
                if len(prefix) < 2:
                    break
                octets = stream.read(int.from_bytes(prefix, "big"))
                answers[int.from_bytes(octets[:2], "big")] = octets
        return answers


class Exchange:
    """The ways to all servers, by their names."""

    def __init__(self, endpoints):
        self._channels = {name: Channel(endpoint) for name, endpoint in endpoints.items()}
        self._numbers = itertools.cycle(range(1, 65536))

    def close(self):
        for channel in self._channels.values():
            channel.close()

    def ask_all(self, queries):
        """Yields (query, {server: octets or None})."""
        for tcp in (False, True):
            chosen = [query for query in queries if query.tcp is tcp]
            for at in range(0, len(chosen), WINDOW):
                numbered = {next(self._numbers): query for query in chosen[at:at + WINDOW]}
                answers = self._ask_tcp(numbered) if tcp else self._ask_udp(numbered)
                for number, query in numbered.items():
                    yield query, {name: got.get(number) for name, got in answers.items()}

    def _ask_udp(self, numbered):
        for channel in self._channels.values():
            channel.send(numbered)
        return {name: channel.receive(numbered) for name, channel in self._channels.items()}

    def _ask_tcp(self, numbered):
        return {name: channel.ask_tcp(numbered) for name, channel in self._channels.items()}

    def ask_one(self, server, query):
        """One more query to one server, over TCP."""
        number = next(self._numbers)
        return self._channels[server].ask_tcp({number: query._replace(tcp=True)}).get(number)
