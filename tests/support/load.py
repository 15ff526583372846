# SPDX-License-Identifier: Apache-2.0
"""Steady load on a server, and a judge of every answer: for the tests that change things under way."""

import select
import socket
import struct
import threading

from dns_client import parse, query


class Load:
    """Asks `names` in turn, `window` questions in flight, over UDP and over one long-lived TCP connection, until it is
    left. `judge(answer)` returns what is wrong with an answer, or None. `lost` and `wrong` tell what happened.

    UDP over loopback loses nothing while the window fits the socket buffers, so a question without an answer for five
    seconds is the server's fault."""

    PATIENCE_S = 5.0

    def __init__(self, endpoint, names, judge, window=32):
        self._endpoint, self._names, self._judge, self._window = endpoint, names, judge, window
        self._end = threading.Event()
        self.answered = {"udp": 0, "tcp": 0}
        self.lost, self.wrong = [], []
        self._threads = [threading.Thread(target=self._guarded, args=(run,)) for run in (self._udp, self._tcp)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, run):
        try:
            run()
        except (OSError, EOFError) as error:
            self.lost.append(f"{run.__name__[1:]}: {error!r}")

    def _take(self, transport, message):
        self.answered[transport] += 1
        try:
            complaint = self._judge(parse(message))
        except (ValueError, IndexError, struct.error) as error:
            complaint = f"malformed: {error}: {message.hex()}"
        if complaint:
            self.wrong.append(f"{transport}: {complaint}")

    def _udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self._endpoint)
            turn = 0
            while not self._end.is_set():
                waiting = set()
                for _ in range(self._window):
                    sock.send(query(self._names[turn % len(self._names)], query_id=turn & 0xFFFF))
                    waiting.add(turn & 0xFFFF)
                    turn += 1
                while waiting:
                    if not select.select([sock], [], [], self.PATIENCE_S)[0]:
                        self.lost.append(f"udp: {len(waiting)} questions without an answer")
                        return
                    message = sock.recv(65535)
                    waiting.discard(struct.unpack_from("!H", message)[0])
                    self._take("udp", message)

    def _tcp(self):
        with socket.create_connection(self._endpoint, timeout=self.PATIENCE_S) as sock, sock.makefile("rb") as stream:
            turn = 0
            while not self._end.is_set():
                messages = [query(self._names[(turn + i) % len(self._names)], query_id=(turn + i) & 0xFFFF)
                            for i in range(self._window)]
                sock.sendall(b"".join(struct.pack("!H", len(message)) + message for message in messages))
                for _ in messages:
                    prefix = stream.read(2)
                    if len(prefix) < 2:
                        raise EOFError("the server closed the connection")
                    self._take("tcp", stream.read(struct.unpack("!H", prefix)[0]))
                turn += self._window
