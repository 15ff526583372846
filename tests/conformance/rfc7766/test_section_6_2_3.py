# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §6.2.3: idle connections are closed, in good order; what is not idle but idling, too."""

import itertools
import select
import unittest

from dns_client import dig, query
from dns_stream import framed
from tcp_case import TcpCase
from waiting import PATIENCE_S, wait_until


class IdleTimeouts(TcpCase):
    FAST = {"idle_timeout": "1s", "first_query_timeout": "1s"}

    def test_a_connection_that_idles_is_closed_with_a_fin(self):
        server = self.serve(tcp=self.FAST)
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            self.assert_answers(stream)
            self.assertIsNone(stream.receive())
        self.wait_closed(server, "idle", len(server.endpoints))

    def test_a_connection_without_a_first_query_is_closed(self):
        server = self.serve(tcp=self.FAST)
        streams = [self.stream(endpoint) for endpoint in server.endpoints]
        streams[0].send(b"\0")  # half a length is no query
        for stream in streams:
            self.assertIsNone(stream.receive())
        self.wait_closed(server, "first_query", len(streams))

    def test_one_octet_at_a_time_does_not_keep_a_connection(self):
        server = self.serve(tcp=self.FAST)
        stream = self.stream(server.endpoint)
        self.assert_answers(stream)
        octets = itertools.cycle(framed(bytes(60000))[:59000])

        def cut_off():
            try:
                stream.send(bytes([next(octets)]))
            except (ConnectionResetError, BrokenPipeError):
                return True
            return False
        wait_until(cut_off, "the server to have enough")
        self.assert_serves(server)

    def test_a_client_that_pipelines_and_never_reads_is_cut_off(self):
        server = self.serve(tcp=self.FAST)
        stream = self.stream(server.endpoint, receive_buffer=4096)
        flood = framed(query("large.example.com", "TXT")) * 2000
        stream.sock.setblocking(False)
        sent = 0

        def cut_off():
            nonlocal sent
            try:
                if sent < len(flood) and select.select([], [stream.sock], [], 0)[1]:
                    sent += stream.sock.send(flood[sent:])
            except (ConnectionResetError, BrokenPipeError):
                return True
            return self.closed(server, "slow_reader") == 1
        wait_until(cut_off, "the server to have enough")
        self.wait_closed(server, "slow_reader", 1)
        self.assert_serves(server)

    def test_a_client_that_is_busy_outlasts_many_timeouts(self):
        server = self.serve(tcp=self.FAST)
        busy, idle = self.stream(server.endpoint), self.stream(server.endpoint)
        self.assert_answers(idle)
        rounds = 0
        while not select.select([idle.sock], [], [], 0)[0]:
            self.assert_answers(busy)
            rounds += 1
            self.assertLess(rounds, PATIENCE_S * 100000)
        self.assertIsNone(idle.receive())
        self.assert_answers(busy)


class Keepalive(TcpCase):
    def test_dig_is_told_how_long_it_may_idle(self):
        server = self.serve()
        for endpoint in server.endpoints:
            self.assertIn("TCP KEEPALIVE: 10.0 secs", dig(endpoint, "+tcp", "+keepalive", "www.example.com"))
            self.assertNotIn("TCP KEEPALIVE", dig(endpoint, "+tcp", "www.example.com"))


if __name__ == "__main__":
    unittest.main()
