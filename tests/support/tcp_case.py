# SPDX-License-Identifier: Apache-2.0
"""What the tests of DNS over TCP share: a server with static names and a pool, on IPv4 and IPv6."""

from case import E2eCase, members, zone
from dns_client import ask_udp
from dns_stream import Stream
from waiting import wait_until

ADDRESSES = {"www.example.com": "192.0.2.10", "pool.example.com": "198.51.100.10"}


class TcpCase(E2eCase):
    def serve(self, **settings):
        prefix = settings.pop("prefix", ())
        listen = settings.pop("listen", ["127.0.0.1:0", "[::1]:0"])
        path = self.configure(
            zones=[zone({"www": {"A": ADDRESSES["www.example.com"]}, "pool": {"pool": "p"},
                         "large": {"TXT": [f'"{number:04} {"x" * 200}"' for number in range(200)]}})],
            pools={"p": {"members": members(ADDRESSES["pool.example.com"])}}, listen=listen, watch=False, **settings)
        return self.gslbd(path, prefix=prefix)

    def stream(self, endpoint, **options):
        stream = Stream(endpoint, **options)
        self.addCleanup(stream.close)
        return stream

    def assert_answers(self, stream, number=1):
        """The connection is as good as new."""
        for _ in range(number):
            for name, address in ADDRESSES.items():
                answer = stream.ask(name)
                self.assertIsNotNone(answer, "the server has closed the connection")
                self.assertEqual(answer.addresses, [address])

    def assert_serves(self, server):
        """UDP and new TCP connections are answered, on each address."""
        for endpoint in server.endpoints:
            self.assertEqual(ask_udp(endpoint, "www.example.com").addresses, [ADDRESSES["www.example.com"]])
            with Stream(endpoint) as stream:
                self.assert_answers(stream)

    def closed(self, server, reason):
        """How many TCP connections have ended for this reason."""
        return server.metrics().get(f'gslbd_tcp_closed_total{{reason="{reason}"}}', 0)

    def wait_closed(self, server, reason, number):
        wait_until(lambda: self.closed(server, reason) >= number, f"{number} connections to end: {reason}")
