# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §6.2.1: connections are used again, and queries are pipelined."""

import unittest

from dns_client import dig, parse, query
from dns_stream import framed
from tcp_case import ADDRESSES, TcpCase


class ConnectionReuse(TcpCase):
    """§6.2.1: a server does not close after the first answer."""

    def test_many_queries_one_after_another(self):
        server = self.serve()
        for endpoint in server.endpoints:
            self.assert_answers(self.stream(endpoint), 50)
        self.assertEqual(server.metrics()["gslbd_tcp_accepted_total"], len(server.endpoints))

    def test_dig_keeps_its_connection(self):
        server = self.serve()
        for endpoint in server.endpoints:
            out = dig(endpoint, "+tcp", "+keepopen", "+short", "www.example.com", "pool.example.com", "www.example.com")
            self.assertEqual(out.split(), ["192.0.2.10", "198.51.100.10", "192.0.2.10"])
        self.assertEqual(server.metrics()["gslbd_tcp_accepted_total"], len(server.endpoints))


class Pipelining(TcpCase):
    """§6.2.1.1: queries need not wait for answers; §7: each answer tells by ID and question what it is to."""

    def test_a_thousand_queries_at_once_are_answered_each_and_in_order(self):
        server = self.serve()
        names = [*ADDRESSES] * 500
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            stream.send(b"".join(framed(query(name, query_id=number)) for number, name in enumerate(names)))
            for number, name in enumerate(names):
                answer = stream.receive()
                got = (answer.id, answer.question, answer.addresses)
                self.assertEqual(got, (number, name + ".", [ADDRESSES[name]]))

    def test_what_is_malformed_does_not_stop_the_others(self):
        server = self.serve()
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            wrong = query("www.example.com", query_id=2)[:-3]
            stream.send(framed(query("www.example.com", query_id=1)) + framed(wrong) + framed(b"x") +
                        framed(query("pool.example.com", query_id=3)))
            self.assertEqual(stream.receive().id, 1)
            message = stream.receive_octets()
            self.assertEqual((message[:2], message[3] & 15), (b"\0\2", 1))  # FORMERR
            self.assertEqual(parse(stream.receive_octets()).id, 3)


if __name__ == "__main__":
    unittest.main()
