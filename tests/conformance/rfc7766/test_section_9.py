# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §9: TCP Fast Open (RFC 7413): a client that has been here before asks in its first segment."""

import sys
import unittest

import network
from case import E2eCase, needs_network, zone

# Asks twice with MSG_FASTOPEN: the first time the kernel gets its cookie, the second it uses it.
CLIENT = """
import socket, struct, sys
from dns_client import parse, query
from dns_stream import framed
for _ in range(2):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 10, 0))
        sock.sendto(framed(query("www.example.com")), socket.MSG_FASTOPEN, ("127.0.0.1", int(sys.argv[1])))
        with sock.makefile("rb") as stream:
            print(*parse(stream.read(int.from_bytes(stream.read(2), "big"))).addresses)
"""


@needs_network
class FastOpen(E2eCase):
    def counted(self, host, name):
        lines = [line.split() for line in host.run("cat", "/proc/net/netstat").stdout.splitlines()
                 if line.startswith("TcpExt:")]
        return int(dict(zip(*lines))[name])

    def test_a_query_in_the_syn_is_answered(self):
        with network.Namespace("tfo") as host:
            if host.run("sh", "-c", "echo 3 > /proc/sys/net/ipv4/tcp_fastopen").returncode != 0:
                self.skipTest("TCP Fast Open cannot be switched on here")
            path = self.configure(zones=[zone({"www": {"A": "192.0.2.10"}})], watch=False)
            server = self.gslbd(path, prefix=host.prefix)
            done = host.run(sys.executable, "-c", CLIENT, str(server.endpoint[1]))
            self.assertEqual(done.stdout.split(), ["192.0.2.10"] * 2, done.stderr)
            self.assertEqual(self.counted(host, "TCPFastOpenPassive"), 1)
            server.stop()


if __name__ == "__main__":
    unittest.main()
