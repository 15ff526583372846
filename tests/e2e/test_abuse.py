# SPDX-License-Identifier: Apache-2.0
"""Who is answered, how much, and what of it an engineer on call can see: access lists, rate limits, sizes."""

import re
import socket
import struct
import unittest

from case import E2eCase, members, zone
from dns_client import ask_tcp, ask_udp, dig, parse, query
from waiting import wait_until

OTHER = "127.0.0.9"  # another client than 127.0.0.1


def status_of(out):
    return re.search(r"status: (\w+)", out).group(1)


def proxy_header(client):
    """A PROXY header, version 2, for a datagram of that client."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = socket.inet_pton(family, client)
    body = address + address + struct.pack("!HH", 4321, 53)
    kind = 0x22 if family == socket.AF_INET6 else 0x12
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, kind, len(body)) + body


class AbuseCase(E2eCase):
    def serve(self, *more_zones, listen=("127.0.0.1:0", "[::1]:0"), **settings):
        zones = [zone({"www": {"pool": "www"}, "static": {"A": "192.0.2.10"}}), *more_zones]
        return self.gslbd(zones=zones, listen=list(listen), watch=False,
                          pools={"www": {"members": members("192.0.2.20")}}, **settings)

    def reload_with(self, server, *more_zones, listen=("127.0.0.1:0", "[::1]:0"), **settings):
        """The configuration of `serve` with other settings; what is not given is gone."""
        self.configure(zones=more_zones, listen=list(listen), watch=False,
                       pools={"www": {"members": members("192.0.2.20")}}, **settings)
        server.reload()

    def value(self, server, name, **labels):
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for key, value in server.metrics().items()
                   if key.split("{")[0] == name and all(label in key for label in wanted))


class AccessLists(AbuseCase):
    def assert_answers(self, server, expected, name="www.example.com"):
        """{client: status} over UDP and TCP; a refusal says why (RFC 8914 §4.19)."""
        for client, status in expected.items():
            endpoint = next(e for e in server.endpoints if (":" in e[0]) == (":" in client))
            for transport in ("+notcp", "+tcp"):
                with self.subTest(client=client, name=name, transport=transport):
                    out = dig(endpoint, "-b", client, name, transport)
                    self.assertEqual(status_of(out), status)
                    self.assertEqual("EDE: 18 (Prohibited)" in out, status == "REFUSED", out)

    def test_the_longest_prefix_decides_at_a_listener(self):
        rules = {"allow": ["127.0.0.0/24", "::1"], "deny": ["127.0.0.9"]}
        server = self.serve(listen=[{"address": "127.0.0.1:0", **rules}, {"address": "[::1]:0", **rules}])
        self.assert_answers(server, {"127.0.0.1": "NOERROR", OTHER: "REFUSED", "127.0.1.1": "REFUSED",
                                     "::1": "NOERROR"})
        self.assertEqual(self.value(server, "gslbd_access_refused_total"), 4)
        self.assertEqual(server.status()["traffic"]["access_refused"], 4)
        self.assertIn("refused by access lists: 4", server.get("/")[1])

    def test_each_listener_has_its_own_list(self):
        server = self.serve(listen=["127.0.0.1:0", {"address": "[::1]:0", "deny": "::/0"}])
        self.assert_answers(server, {"127.0.0.1": "NOERROR", "::1": "REFUSED"})

    def test_a_zone_has_its_own_list(self):
        secret = zone({"www": {"A": "192.0.2.66"}}, name="example.org", allow=["127.0.0.9/32", "::1/128"])
        server = self.serve(secret)
        for name in ("www.example.org", "nothing.example.org"):
            self.assert_answers(server, {"127.0.0.1": "REFUSED"}, name)
        self.assert_answers(server, {OTHER: "NOERROR", "::1": "NOERROR"}, "www.example.org")
        self.assert_answers(server, {"127.0.0.1": "NOERROR", OTHER: "NOERROR"})

    def test_a_reload_changes_both_lists(self):
        secret = zone({"www": {"A": "192.0.2.66"}}, name="example.org")
        server = self.serve(secret)
        self.assert_answers(server, {"127.0.0.1": "NOERROR", OTHER: "NOERROR", "::1": "NOERROR"}, "www.example.org")
        self.reload_with(server, {**secret, "deny": "127.0.0.1"},
                         listen=[{"address": "127.0.0.1:0", "deny": OTHER}, {"address": "[::1]:0", "deny": "::1"}])
        self.assert_answers(server, {"127.0.0.1": "NOERROR", OTHER: "REFUSED", "::1": "REFUSED"})
        self.assert_answers(server, {"127.0.0.1": "REFUSED"}, "www.example.org")
        self.assertNotIn("restart", "\n".join(server.lines))
        self.reload_with(server, secret)
        self.assert_answers(server, {"127.0.0.1": "NOERROR", OTHER: "NOERROR", "::1": "NOERROR"}, "www.example.org")

    def test_behind_a_proxy_the_client_is_judged(self):
        server = self.serve(listen=[{"address": "127.0.0.1:0", "deny": "203.0.113.0/24", "proxy_from": "127.0.0.1"},
                                    {"address": "[::1]:0", "deny": "2001:db8::/32", "proxy_from": "::1"}])
        for endpoint, clients in zip(server.endpoints, (("198.51.100.7", "203.0.113.7"), ("fd00::7", "2001:db8::7"))):
            for client, rcode in zip(clients, ("NOERROR", "REFUSED")):
                with self.subTest(client=client):
                    message = query("www.example.com")
                    family = socket.AF_INET6 if ":" in client else socket.AF_INET
                    with socket.socket(family, socket.SOCK_DGRAM) as sock:
                        sock.settimeout(5)
                        sock.sendto(proxy_header(client) + message, endpoint)
                        self.assertEqual(parse(sock.recv(4096)).rcode, rcode)

    def test_who_cannot_ask_learns_nothing_through_a_cname(self):
        secret = zone({"www": {"A": "192.0.2.66"}}, name="example.org", deny=["127.0.0.0/8"])
        public = zone({"in": {"CNAME": "www.example.org."}}, name="example.net")
        out = dig(self.serve(secret, public).endpoint, "in.example.net")
        self.assertIn("CNAME\twww.example.org.", out)
        self.assertNotIn("192.0.2.66", out)


class RateLimit(AbuseCase):
    LIMIT = {"answers_per_second": 1, "burst": "1s", "slip": 1}

    def flood(self, endpoint, name="www.example.com", count=50, **options):
        """How many of so many answers over UDP came truncated; each is asked for without a cookie."""
        return sum(ask_udp(endpoint, name, **options).truncated for _ in range(count))

    def limited(self, server, **labels):
        return self.value(server, "gslbd_rate_limited_total", **labels)

    def test_it_is_off_until_configured(self):
        server = self.serve()
        self.assertEqual(self.flood(server.endpoint), 0)
        self.assertEqual(self.limited(server), 0)
        self.assertEqual(server.status()["traffic"]["rate_limit"], "off")

    def test_what_is_over_the_limit_is_truncated_and_counted_by_class(self):
        server = self.serve(rate_limit=self.LIMIT)
        kinds = {"answer": ("www.example.com", "A"), "nodata": ("static.example.com", "MX"),
                 "nxdomain": ("nothing.example.com", "A")}
        for endpoint in server.endpoints:
            for kind, (name, rr_type) in kinds.items():
                with self.subTest(kind=kind, endpoint=endpoint):
                    before = self.limited(server, **{"class": kind, "action": "truncated"})
                    truncated = self.flood(endpoint, name, rr_type=rr_type)
                    self.assertGreater(truncated, 0)
                    after = self.limited(server, **{"class": kind, "action": "truncated"})
                    self.assertEqual(after - before, truncated)
        self.assertGreater(server.status()["traffic"]["rate_limited"]["truncated"], 0)
        self.assertRegex(server.get("/")[1], r"over the rate limit: \d+ truncated, 0 dropped")

    def test_tcp_is_never_limited(self):
        server = self.serve(rate_limit=self.LIMIT)
        for endpoint in server.endpoints:
            self.assertGreater(self.flood(endpoint), 0)
            for _ in range(20):
                self.assertEqual(ask_tcp(endpoint, "www.example.com").addresses, ["192.0.2.20"])

    def test_exempt_prefixes_are_never_limited(self):
        server = self.serve(rate_limit={**self.LIMIT, "exempt": ["127.0.0.0/8"]})
        self.assertEqual(self.flood(server.endpoints[0]), 0)
        self.assertGreater(self.flood(server.endpoints[1]), 0)
        self.assertEqual(self.value(server, "gslbd_rate_limit_exempt_total"), 50)

    def test_who_has_a_cookie_is_never_limited(self):
        server = self.serve(rate_limit=self.LIMIT)
        for endpoint in server.endpoints:
            out = dig(endpoint, "static.example.com", "+cookie=0011223344556677", "+tcp")
            cookie = re.search(r"; COOKIE: ([0-9a-f]+)", out).group(1)
            self.assertGreater(self.flood(endpoint), 0)
            for _ in range(10):
                out = dig(endpoint, "www.example.com", f"+cookie={cookie}", "+ignore", "+nobadcookie")
                self.assertIn("192.0.2.20", out)

    def test_who_could_have_a_cookie_is_given_one(self):
        server = self.serve(rate_limit=self.LIMIT)

        def limited_reply():  # dig may start so late that it is within the limit again
            self.flood(server.endpoint)
            out = dig(server.endpoint, "www.example.com", "+cookie=0011223344556677", "+ignore", "+nobadcookie")
            return status_of(out) == "BADCOOKIE" and out
        out = wait_until(limited_reply, "BADCOOKIE")
        self.assertRegex(out, r"; COOKIE: 0011223344556677[0-9a-f]{32}")
        self.assertEqual(self.value(server, "gslbd_responses_total", rcode="BADCOOKIE"), 1)
        # With it dig asks again by itself.
        self.assertIn("192.0.2.20", dig(server.endpoint, "www.example.com", "+ignore", "+badcookie"))

    def test_log_only_counts_and_sends(self):
        server = self.serve(rate_limit={**self.LIMIT, "log_only": True})
        self.assertEqual(self.flood(server.endpoint), 0)
        self.assertGreater(self.limited(server, action="truncated"), 0)
        self.assertEqual(server.status()["traffic"]["rate_limit"], "log_only")

    def test_a_reload_switches_it_on_and_off(self):
        server = self.serve()
        self.reload_with(server, rate_limit=self.LIMIT)
        self.assertGreater(self.flood(server.endpoint), 0)
        self.reload_with(server)
        self.assertEqual(self.flood(server.endpoint), 0)


class Sizes(AbuseCase):
    def test_udp_payload_is_what_is_advertised_and_the_most_that_is_sent(self):
        text = '"' + "x" * 200 + '"'
        big = zone({"big": {"TXT": [text.replace("x", c) for c in "abcdefgh"]}}, name="example.org")
        for payload, truncated in ((1232, True), (2000, False)):
            server = self.serve(big, udp_payload=payload)
            for endpoint in server.endpoints:
                out = dig(endpoint, "big.example.org", "TXT", "+ignore", "+bufsize=4096")
                self.assertIn(f"udp: {payload}", out)
                self.assertEqual(" tc" in re.search(r";; flags:([^;]*)", out).group(1), truncated)

    def test_additional_addresses_can_be_left_out(self):
        mail = zone({"@": {"NS": ["ns1", "ns2"], "MX": "10 mail"}, "mail": {"A": "192.0.2.25"},
                     "sub": {"NS": "ns.sub"}, "ns.sub": {"A": "192.0.2.53"}}, name="example.org")
        for additional in (True, False):
            server = self.serve(mail, additional=additional)
            added = ask_udp(server.endpoint, "example.org", "MX").additional
            self.assertEqual([r.data for r in added], ["192.0.2.25"] if additional else [])
            # Without glue a referral leads nowhere: it is always there.
            glue = ask_udp(server.endpoint, "www.sub.example.org").additional
            self.assertEqual([r.data for r in glue], ["192.0.2.53"])


class TcpLimits(AbuseCase):
    def connect(self, endpoint):
        sock = socket.create_connection(endpoint, timeout=10)
        self.addCleanup(sock.close)
        return sock

    def ask(self, sock):
        message = query("www.example.com")
        sock.sendall(struct.pack("!H", len(message)) + message)
        return sock.recv(4096)

    def closed(self, server, reason):
        return self.value(server, "gslbd_tcp_closed_total", reason=reason)

    def test_one_client_gets_no_more_connections_than_configured(self):
        server = self.serve(workers=1, tcp={"max_connections_per_client": 2})
        for number, endpoint in enumerate(server.endpoints, 1):
            kept = [self.connect(endpoint), self.connect(endpoint)]
            for sock in kept:
                self.assertTrue(self.ask(sock))
            try:  # a reset, perhaps before connect() returns
                self.assertEqual(self.connect(endpoint).recv(1), b"")
            except ConnectionError:
                pass
            wait_until(lambda: self.closed(server, "client_limit") == number, "the third connection to be counted")
            for sock in kept:
                self.assertTrue(self.ask(sock))

    def test_idle_connections_go_after_the_configured_time(self):
        server = self.serve(tcp={"idle_timeout": "1s", "first_query_timeout": "1s"})
        for endpoint in server.endpoints:
            silent, used = self.connect(endpoint), self.connect(endpoint)
            self.assertTrue(self.ask(used))
            for sock in (silent, used):
                self.assertEqual(sock.recv(1), b"")
        wait_until(lambda: (self.closed(server, "first_query"), self.closed(server, "idle")) == (2, 2), "the counts")


class Restart(AbuseCase):
    def test_what_needs_a_restart_is_said_at_each_reload(self):
        server = self.serve()
        for _ in range(2):
            seen = len(server.lines)
            self.reload_with(server, listen=["127.0.0.1:0"], tcp={"max_connections": 7})
            for key in ("listen", "tcp"):
                server.wait_line(f'"{key}" has changed: that takes effect with a restart', after=seen)
        self.assertEqual(server.status()["config"]["waiting_for_restart"], ["listen", "tcp"])
        self.assertIn("waiting for a restart: listen, tcp", server.get("/")[1])
        self.assertEqual(ask_udp(server.endpoints[1], "static.example.com").addresses, ["192.0.2.10"])


if __name__ == "__main__":
    unittest.main()
