# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §6.2.4: connections end, by either side and in any state, and nothing else ends with them."""

import unittest

from dns_client import query
from dns_stream import framed
from tcp_case import TcpCase


class TearDown(TcpCase):
    def test_a_client_that_has_sent_its_last_query_gets_all_answers(self):
        server = self.serve()
        for endpoint in server.endpoints:
            stream = self.stream(endpoint, receive_buffer=4096)
            for number in range(100):  # 4 MB of answers: the server has to wait for the client
                stream.send_query("large.example.com", "TXT", query_id=number)
            stream.send_query("pool.example.com", query_id=1000)
            stream.finish_sending()
            for number in range(100):
                answer = stream.receive()
                self.assertEqual((answer.id, len(answer.answers)), (number, 200))
            self.assertEqual(stream.receive().id, 1000)
            self.assertIsNone(stream.receive())

    def test_a_client_that_leaves_in_the_middle_of_a_query_is_forgotten(self):
        server = self.serve()
        for endpoint in server.endpoints:
            whole = framed(query("www.example.com"))
            for size in range(len(whole)):
                stream = self.stream(endpoint)
                stream.send(whole[:size])
                stream.close()
            stream = self.stream(endpoint)
            stream.send(whole[:-1])
            stream.finish_sending()
            self.assertIsNone(stream.receive())
        self.assert_serves(server)

    def test_resets_hurt_nobody_else(self):
        server = self.serve()
        for endpoint in server.endpoints:
            good = self.stream(endpoint)
            for _ in range(20):
                bad = self.stream(endpoint)
                bad.send(framed(query("large.example.com", "TXT")) * 50)
                bad.reset()
                self.assert_answers(good)
        self.assert_serves(server)

    def test_the_end_of_the_server_closes_connections(self):
        server = self.serve()
        stream = self.stream(server.endpoint)
        self.assert_answers(stream)
        self.assertEqual(server.stop(), 0)
        self.assertIsNone(stream.receive())


if __name__ == "__main__":
    unittest.main()
