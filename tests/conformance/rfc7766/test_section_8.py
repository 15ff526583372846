# SPDX-License-Identifier: Apache-2.0
"""RFC 7766 §8: the two octets of length, however the segments fall."""

import unittest

from dns_client import query
from dns_stream import framed
from tcp_case import ADDRESSES, TcpCase


class MessageLength(TcpCase):
    def test_a_query_may_be_split_anywhere(self):
        server = self.serve()
        whole = framed(query("pool.example.com"))
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            for cut in range(1, len(whole)):
                stream.send(whole[:cut])
                stream.send(whole[cut:])
                self.assertEqual(stream.receive().addresses, [ADDRESSES["pool.example.com"]])
            for octet in whole:
                stream.send(bytes([octet]))
            self.assertEqual(stream.receive().addresses, [ADDRESSES["pool.example.com"]])

    def test_a_segment_may_end_within_the_next_query(self):
        server = self.serve()
        whole = framed(query("www.example.com"))
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            for cut in range(len(whole)):
                stream.send(whole + whole[:cut])
                self.assertEqual(stream.receive().addresses, [ADDRESSES["www.example.com"]])
                stream.send(whole[cut:])
                self.assertEqual(stream.receive().addresses, [ADDRESSES["www.example.com"]])

    def test_length_and_answer_come_in_one_segment(self):
        server = self.serve()
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            stream.send_query("www.example.com")
            first = stream.sock.recv(65535)
            self.assertEqual(len(first), 2 + int.from_bytes(first[:2], "big"))

    def test_an_unfinished_query_keeps_nobody_waiting(self):
        server = self.serve()
        for endpoint in server.endpoints:
            for beginning in (b"\0", b"\0\x20", b"\xff\xff", framed(query("www.example.com"))[:-1]):
                self.stream(endpoint).send(beginning)
            self.assert_answers(self.stream(endpoint))

    def test_a_length_of_zero_ends_its_connection_alone(self):
        server = self.serve()
        for endpoint in server.endpoints:
            good, bad = self.stream(endpoint), self.stream(endpoint)
            bad.send(framed(query("www.example.com", query_id=7)) + b"\0\0")
            self.assertEqual(bad.receive().id, 7)
            self.assertIsNone(bad.receive())
            self.assert_answers(good)
        self.assertEqual(self.closed(server, "malformed"), len(server.endpoints))

    def test_the_longest_message_is_read_to_its_end(self):
        server = self.serve()
        for endpoint in server.endpoints:
            stream = self.stream(endpoint)
            padded = query("www.example.com", query_id=7)
            stream.send(framed(padded + bytes(65535 - len(padded))))
            stream.send_query("pool.example.com", query_id=8)
            self.assertEqual(stream.receive_octets()[:2], b"\0\7")
            self.assertEqual(stream.receive().id, 8)

    def test_an_answer_too_long_for_udp_is_whole(self):
        server = self.serve()
        for endpoint in server.endpoints:
            answer = self.stream(endpoint).ask("large.example.com", "TXT")
            self.assertEqual((answer.truncated, len(answer.answers)), (False, 200))


if __name__ == "__main__":
    unittest.main()
