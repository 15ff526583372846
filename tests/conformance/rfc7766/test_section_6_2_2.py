# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §6.2.2: a server may limit the connections of one client."""

import unittest

from dns_stream import Stream
from tcp_case import TcpCase


class ConcurrentConnections(TcpCase):
    LIMIT = 5

    def fill(self, endpoint, **options):
        streams = [self.stream(endpoint, **options) for _ in range(self.LIMIT)]
        for stream in streams:
            self.assert_answers(stream)
        return streams

    def assert_refused(self, endpoint):
        with self.assertRaises(ConnectionResetError):
            with Stream(endpoint) as stream:
                stream.ask("www.example.com")
                stream.receive()

    def test_one_more_is_refused_and_those_there_stay(self):
        server = self.serve(tcp={"max_connections_per_client": self.LIMIT}, workers=2)
        for number, endpoint in enumerate(server.endpoints, 1):
            streams = self.fill(endpoint)
            self.assert_refused(endpoint)
            for stream in streams:
                self.assert_answers(stream)
            self.wait_closed(server, "client_limit", number)

    def test_a_connection_that_ends_makes_room(self):
        server = self.serve(tcp={"max_connections_per_client": self.LIMIT})
        streams = self.fill(server.endpoint)
        streams.pop().close()
        self.wait_closed(server, "peer", 1)
        self.assert_answers(self.stream(server.endpoint))

    def test_another_client_is_not_concerned(self):
        server = self.serve(tcp={"max_connections_per_client": self.LIMIT})
        self.fill(server.endpoint)
        self.fill(server.endpoint, source="127.0.0.2")
        self.assert_refused(server.endpoint)


if __name__ == "__main__":
    unittest.main()
