# SPDX-License-Identifier: Apache-2.0
"""Behind a balancer: the PROXY protocol, version 2, over UDP and TCP, and what the client's address decides."""

import shutil
import socket
import unittest

from dns_client import ask_udp, parse, query
from dns_stream import Stream, framed, proxy_header
from processes import Process, free_port
from tcp_case import ADDRESSES, TcpCase
from waiting import PATIENCE_S, wait_until

WWW = ADDRESSES["www.example.com"]
ALLOWED, DENIED = ("192.0.2.77", "2001:db8::77"), ("203.0.113.5", "2001:db8:bad::1")
PROXY_V4, PROXY_V6 = "127.0.0.2", "::1"


CLIENT = "127.0.0.77"


class Proxied(TcpCase):
    """Two listeners, whose answers depend on who asks; some peers are proxies, 127.0.0.1 is not."""

    def proxied(self, **settings):
        rules = {"allow": ["192.0.2.0/24", "2001:db8::/48", "127.0.0.0/8", "::1"], "deny": ["0.0.0.0/0", "::/0"],
                 "proxy_from": [PROXY_V4, PROXY_V6]}
        return self.serve(listen=[{"address": address, **rules} for address in ("127.0.0.1:0", "[::1]:0")], **settings)

    def over_udp(self, endpoint, octets):
        """The answer to a datagram from the proxy of this endpoint's family."""
        family, proxy = (socket.AF_INET6, PROXY_V6) if ":" in endpoint[0] else (socket.AF_INET, PROXY_V4)
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.bind((proxy, 0))
            sock.connect(endpoint)
            sock.send(octets)
            return parse(sock.recv(65535))

    def over_tcp(self, endpoint):
        return self.stream(endpoint, source=PROXY_V6 if ":" in endpoint[0] else PROXY_V4)

    def test_the_client_is_the_one_of_the_header(self):
        server = self.proxied()
        for endpoint in server.endpoints:
            for client in (*ALLOWED, *DENIED, "::ffff:192.0.2.5", None):
                expected = ("REFUSED", []) if client in DENIED else ("NOERROR", [WWW])
                with self.subTest(endpoint=endpoint, client=client):
                    answer = self.over_udp(endpoint, proxy_header(client, 53001, "udp") + query("www.example.com"))
                    self.assertEqual((answer.rcode, answer.addresses), expected)
                    stream = self.over_tcp(endpoint)
                    stream.send(proxy_header(client, 53001, "tcp"))
                    for _ in range(3):
                        answer = stream.ask("www.example.com")
                        self.assertEqual((answer.rcode, answer.addresses), expected)

    def test_a_header_may_come_in_pieces_and_with_extensions(self):
        server = self.proxied()
        extensions = b"\x04\x00\x05" + bytes(5) + b"\x20\x01\x00" + bytes(256)
        octets = proxy_header(ALLOWED[0], 1, "tcp", extensions) + framed(query("www.example.com"))
        for endpoint in server.endpoints:
            stream = self.over_tcp(endpoint)
            for octet in octets:
                stream.send(bytes([octet]))
            self.assertEqual(stream.receive().addresses, [WWW])
            together = self.over_tcp(endpoint)
            together.send(octets + framed(query("pool.example.com")))
            self.assertEqual(together.receive().addresses, [WWW])
            self.assertEqual(together.receive().addresses, [ADDRESSES["pool.example.com"]])

    def test_a_proxy_without_a_header_is_not_heard(self):
        server = self.proxied()
        naked = query("www.example.com")
        for wrong in (naked, proxy_header(ALLOWED[0], 1, "tcp") + naked, proxy_header(ALLOWED[0], 1, "udp")[:-1]):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((PROXY_V4, 0))
                sock.sendto(wrong, server.endpoint)
        wait_until(lambda: server.metrics()['gslbd_udp_dropped_total{reason="proxy_header"}'] == 3, "3 drops")
        for wrong in (framed(naked), proxy_header(ALLOWED[0], 1, "udp") + framed(naked)):
            stream = self.over_tcp(server.endpoint)
            stream.send(wrong)
            self.assert_ends(stream)
        self.wait_closed(server, "proxy_header", 2)

    def assert_ends(self, stream):
        try:
            self.assertIsNone(stream.receive())
        except ConnectionResetError:
            pass  # what the server had not read yet

    def test_nobody_else_may_speak_for_others(self):
        server = self.proxied()
        self.assertEqual(ask_udp(server.endpoint, "www.example.com").addresses, [WWW])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.connect(server.endpoint)
            sock.send(proxy_header(ALLOWED[0], 1, "udp") + query("www.example.com"))
            sock.send(query("www.example.com", query_id=7))
            answers = [sock.recv(65535)]
            while answers[-1][:2] != b"\0\7":
                answers.append(sock.recv(65535))
        self.assertTrue(all(message[3] & 15 for message in answers[:-1]), "the header was taken for one")
        with Stream(server.endpoint) as stream:  # 0d0a: a message of 3,338 octets that never comes
            stream.send(proxy_header(ALLOWED[0], 1, "tcp") + framed(query("www.example.com")))
            stream.finish_sending()
            self.assertIsNone(stream.receive())

    def test_the_limit_for_one_client_holds_for_the_clients(self):
        server = self.proxied(tcp={"max_connections_per_client": 3})
        clients = [f"192.0.2.{number}" for number in range(1, 9)]
        for client in clients:
            for _ in range(3 if client == clients[0] else 1):
                stream = self.over_tcp(server.endpoint)
                stream.send(proxy_header(client, 1, "tcp"))
                self.assert_answers(stream)
        one_more = self.over_tcp(server.endpoint)
        one_more.send(proxy_header(clients[0], 1, "tcp"))
        with self.assertRaises(ConnectionResetError):
            one_more.receive()
        self.wait_closed(server, "client_limit", 1)


class RealBalancers(TcpCase):
    """Programs that people use: what they send is what we read. Only clients of 127.0.0.77 get an answer."""

    def behind(self):
        return self.serve(listen=[{"address": "127.0.0.1:0", "allow": [CLIENT], "deny": ["0.0.0.0/0"],
                                   "proxy_from": ["127.0.0.0/8"]}])

    def run_balancer(self, *command):
        balancer = Process(command)
        self.addCleanup(balancer.stop)
        return balancer

    def over_udp(self, endpoint, source):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            sock.bind((source, 0))
            sock.connect(endpoint)
            try:
                sock.send(query("www.example.com"))
                return parse(sock.recv(65535)).rcode
            except (TimeoutError, ConnectionRefusedError):
                return None

    def over_tcp(self, endpoint, source):
        try:
            with Stream(endpoint, source=source) as stream:
                answer = stream.ask("www.example.com")
                return answer and answer.rcode
        except OSError:
            return None

    @unittest.skipUnless(shutil.which("dnsdist"), "needs dnsdist")
    def test_dnsdist(self):
        server = self.behind()
        endpoint = ("127.0.0.1", free_port("127.0.0.1"))
        config = self.write("dnsdist.conf", f"""setLocal("127.0.0.1:{endpoint[1]}")
            newServer({{address="127.0.0.1:{server.endpoint[1]}", useProxyProtocol=true}})
            getServer(0):setUp()
        """)
        self.run_balancer("dnsdist", "--supervised", "--config", str(config))
        wait_until(lambda: self.over_udp(endpoint, CLIENT) == "NOERROR", "an answer through dnsdist")
        self.assertEqual(self.over_tcp(endpoint, CLIENT), "NOERROR")
        self.assertEqual(self.over_udp(endpoint, "127.0.0.78"), "REFUSED")
        self.assertEqual(self.over_tcp(endpoint, "127.0.0.78"), "REFUSED")

    @unittest.skipUnless(shutil.which("haproxy"), "needs HAProxy")
    def test_haproxy(self):
        server = self.behind()
        endpoint = ("127.0.0.1", free_port("127.0.0.1"))
        config = self.write("haproxy.cfg", f"""defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen dns
    bind 127.0.0.1:{endpoint[1]}
    server gslbd 127.0.0.1:{server.endpoint[1]} send-proxy-v2
""")
        self.run_balancer("haproxy", "-db", "-f", str(config))
        wait_until(lambda: self.over_tcp(endpoint, CLIENT) == "NOERROR", "an answer through HAProxy")
        self.assertEqual(self.over_tcp(endpoint, "127.0.0.78"), "REFUSED")


if __name__ == "__main__":
    unittest.main()
