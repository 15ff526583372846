# SPDX-License-Identifier: Apache-2.0
"""Watching answers: every server is asked a thousand times a second whether a site's address is among its answers."""

import select
import socket
import time

from dns_client import query

EVERY_S = 0.001


class Watcher:
    """Asks one server for one name, without ever waiting for it."""

    def __init__(self, label, port, name):
        self.label = label
        self._query = query(name)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(("127.0.0.1", port))

    def fileno(self):
        return self._socket.fileno()

    def ask(self):
        try:
            self._socket.send(self._query)
        except OSError:
            pass  # its buffers are full, or it is just starting: the next question is a millisecond away

    def answers(self):
        """The octets of each answer that has come."""
        while True:
            try:
                yield self._socket.recv(4096)
            except OSError:
                return

    def close(self):
        self._socket.close()


def wait_for(watchers, address, present, limit_s):
    """{label: the moment of the first answer that has the address (or that lacks it), None when none came in time}"""
    wanted = socket.inet_aton(address)
    found = {watcher.label: None for watcher in watchers}
    waiting = list(watchers)
    for watcher in waiting:
        for _ in watcher.answers():
            pass  # of questions from before
    begin = due = time.monotonic()
    while waiting and (now := time.monotonic()) < begin + limit_s:
        if now >= due:
            for watcher in waiting:
                watcher.ask()
            due = max(due + EVERY_S, now)
        readable, _, _ = select.select(waiting, [], [], max(0.0, due - time.monotonic()))
        for watcher in readable:
            if any((wanted in answer) == present for answer in watcher.answers()):
                found[watcher.label] = time.monotonic()
                waiting.remove(watcher)
    return found
