# SPDX-License-Identifier: Apache-2.0
"""RFC 9210 §4.1: connections are admitted as long as there is room, and the room is defended."""

import unittest

from case import FAST
from dns_stream import Stream
from tcp_case import TcpCase
from waiting import stays


class Admission(TcpCase):
    def test_at_the_limit_the_longest_idle_one_makes_room(self):
        server = self.serve(tcp={"max_connections": 10, "idle_timeout": "1m"}, workers=1)
        streams = [self.stream(server.endpoint) for _ in range(10)]
        for stream in streams:
            self.assert_answers(stream)
        self.assert_answers(streams[0])  # now the second is the idle one
        self.assert_answers(self.stream(server.endpoint))
        self.assertIsNone(streams[1].receive())
        self.assert_answers(streams[0])
        self.assertEqual(self.closed(server, "limit"), 1)

    def test_a_flood_that_asks_nothing_does_not_push_out_those_that_ask(self):
        server = self.serve(tcp={"max_connections": 50, "idle_timeout": "1m"}, workers=1)
        good = self.stream(server.endpoint)
        self.assert_answers(good)
        flood = []
        for _ in range(10):
            flood += [self.stream(server.endpoint, source="127.0.0.2") for _ in range(30)]
            self.assert_answers(good)
        self.wait_closed(server, "limit", 1)
        self.assert_answers(good)
        self.assert_serves(server)


class FewFiles(TcpCase):
    """Many connections where the process may open only 64 files."""

    def test_answers_keep_coming(self):
        server = self.serve(prefix=("prlimit", "--nofile=64:64"), workers=2, tcp={"idle_timeout": "1m"})
        self.assertTrue(any("TCP connections at most" in line for line in server.lines), server.lines)
        streams = []
        for _ in range(20):
            streams += [self.stream(server.endpoint) for _ in range(10)]
            self.assert_serves(server)
        for stream in streams[-5:]:
            try:
                self.assert_answers(stream)
            except (ConnectionResetError, BrokenPipeError):
                pass  # had to make room; whoever comes now is served
        self.assert_serves(server)
        self.assertTrue(server.alive())

    def test_health_checks_go_on(self):
        sites = self.sites("127.0.0.11", "127.0.0.12")
        server = self.gslbd(
            self.configure(
                zones=[{"zone": "example.com", "records": {"@": {"NS": ["ns1"]}, "ns1": {"A": "192.0.2.1"},
                                                           "www": {"pool": "w"}}}],
                checks={"web": {"type": "tcp", "port": sites[0].port, **FAST}}, watch=False,
                pools={"w": {"alive": "web", "when_all_down": "nodata",
                             "members": [{"address": site.address} for site in sites]}}),
            prefix=("prlimit", "--nofile=64:64"))
        self.wait_addresses(server, "www.example.com", ["127.0.0.11", "127.0.0.12"])
        flood = []
        for _ in range(200):
            flood.append(Stream(server.endpoint))
            self.addCleanup(flood[-1].close)
        both = ["127.0.0.11", "127.0.0.12"]
        stays(lambda: self.addresses(server, "www.example.com") == both, "both sites up", 1.5)


if __name__ == "__main__":
    unittest.main()
