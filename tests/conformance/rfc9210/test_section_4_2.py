# SPDX-License-Identifier: Apache-2.0
"""RFC 9210 §4.2: the fuller the table of connections, the less patience with idle ones."""

import unittest

from dns_client import dig
from tcp_case import TcpCase


class AdaptiveTimeout(TcpCase):
    def told(self, server):
        out = dig(server.endpoint, "+tcp", "+keepalive", "www.example.com")
        line = next(line for line in out.splitlines() if "TCP KEEPALIVE" in line)
        return float(line.split(":")[1].split()[0])

    def fill(self, server, number):
        for stream in [self.stream(server.endpoint) for _ in range(number)]:
            self.assert_answers(stream)

    def test_clients_are_told_to_be_brief_and_at_last_to_go(self):
        server = self.serve(tcp={"max_connections": 40, "idle_timeout": "1m"})
        self.assertEqual(self.told(server), 60)
        self.fill(server, 20)
        self.assertEqual(self.told(server), 60)
        self.fill(server, 10)
        self.assertEqual(self.told(server), 30)
        self.fill(server, 6)
        self.assertEqual(self.told(server), 0)

    def test_in_a_full_table_idle_connections_go_early(self):
        server = self.serve(tcp={"max_connections": 20, "idle_timeout": "1m"})
        self.fill(server, 20)
        self.wait_closed(server, "idle", 1)
        self.assertEqual(self.closed(server, "limit"), 0)
        self.assert_serves(server)


if __name__ == "__main__":
    unittest.main()
