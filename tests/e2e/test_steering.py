# SPDX-License-Identifier: Apache-2.0
"""Which of the live members an answer has: all, failover, weighted; and what is answered when none is alive."""

import collections
import json
import socket
import unittest

from case import FAST, E2eCase, members, zone
from dns_client import ask_udp, parse, query
from waiting import wait_until

ONE, TWO, THREE = "127.0.0.11", "127.0.0.12", "127.0.0.13"


def many(endpoint, name, count):
    """`count` answers, asked 32 at a time."""
    answers = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(endpoint)
        while len(answers) < count:
            batch = min(32, count - len(answers))
            for number in range(batch):
                sock.send(query(name, query_id=number))
            answers += [parse(sock.recv(4096)) for _ in range(batch)]
    return answers


class Steering(E2eCase):
    def pool(self, name="www", others=None, **pool):
        return self.gslbd(zones=[zone({"www": {"pool": name}})], checks=self.checks(),
                          pools={name: {"alive": "web", **pool}, **(others or {})})

    def checks(self):
        return {"web": {"type": "tcp", "port": self.port, **FAST}}

    def use(self, *addresses):
        sites = self.sites(*addresses)
        self.port = sites[0].port
        return sites

    def test_all_gives_every_member_and_rotates_fairly(self):
        self.use(ONE, TWO, THREE)
        server = self.pool(members=members(ONE, TWO, THREE))
        answers = many(server.endpoint, "www.example.com", 3000)
        self.assertEqual({tuple(sorted(answer.addresses)) for answer in answers}, {(ONE, TWO, THREE)})
        first = collections.Counter(answer.addresses[0] for answer in answers)
        for address in (ONE, TWO, THREE):
            self.assertGreater(first[address], 800, f"{address} leads too seldom: {first}")

    def test_failover_answers_the_lowest_tier_that_lives(self):
        one, two, three = self.use(ONE, TWO, THREE)
        tiers = [{"address": ONE}, {"address": TWO, "tier": 2}, {"address": THREE, "tier": 3}]
        server = self.pool(steer="failover", members=tiers)
        self.wait_addresses(server, "www.example.com", [ONE])
        one.kill()
        self.wait_addresses(server, "www.example.com", [TWO])
        two.kill()
        self.wait_addresses(server, "www.example.com", [THREE])
        one.start()
        self.wait_addresses(server, "www.example.com", [ONE])

    def test_weighted_shares_are_what_the_weights_say(self):
        weights = {ONE: 1, TWO: 2, THREE: 7}
        self.use(*weights)
        server = self.pool(steer="weighted",
                           members=[{"address": address, "weight": weight} for address, weight in weights.items()])
        count = 10000
        shares = collections.Counter()
        for answer in many(server.endpoint, "www.example.com", count):
            self.assertEqual(len(answer.addresses), 1)
            shares[answer.addresses[0]] += 1
        # Two degrees of freedom: fair shares are beyond 30 once in three million runs.
        chi_square = sum((shares[address] - count * weight / 10) ** 2 / (count * weight / 10)
                         for address, weight in weights.items())
        self.assertLess(chi_square, 30, shares)

    def test_a_dead_member_has_no_share(self):
        _, two, _ = self.use(ONE, TWO, THREE)
        server = self.pool(steer="weighted", members=members(ONE, TWO, THREE))
        two.kill()
        self.wait_gone(server, TWO)
        shares = collections.Counter(answer.addresses[0] for answer in many(server.endpoint, "www.example.com", 2000))
        self.assertEqual(set(shares), {ONE, THREE})
        self.assertGreater(min(shares.values()), 800, shares)

    def wait_gone(self, server, address):
        key = next(key for key in server.metrics() if key.startswith("gslbd_check_up{") and address in key)
        wait_until(lambda: server.metrics()[key] == 0, f"{address} to be down")

    # --- when all are down ---

    def all_down(self, when_all_down, **more):
        """A server whose two sites live at first and are then killed, one after the other."""
        one, two = self.use(ONE, TWO)
        server = self.pool(members=members(ONE, TWO), when_all_down=when_all_down, **more)
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        one.kill()
        self.wait_addresses(server, "www.example.com", [TWO])
        two.kill()
        return server

    def test_all_down_all(self):
        self.wait_addresses(self.all_down("all"), "www.example.com", [ONE, TWO])

    def test_all_down_last(self):
        server = self.all_down("last")
        self.wait_gone(server, TWO)
        self.assertEqual(self.addresses(server, "www.example.com"), [TWO])

    def test_all_down_another_pool(self):
        spare = {"spare": {"members": members("192.0.2.99")}}
        self.wait_addresses(self.all_down({"pool": "spare"}, others=spare), "www.example.com", ["192.0.2.99"])

    def test_all_down_nodata(self):
        server = self.all_down("nodata")
        self.wait_addresses(server, "www.example.com", [])
        answer = ask_udp(server.endpoint, "www.example.com")
        self.assertEqual((answer.rcode, [record.type for record in answer.authority]), ("NOERROR", [6]))

    def test_all_down_servfail(self):
        server = self.all_down("servfail")
        self.wait_addresses(server, "www.example.com", [])
        self.assertEqual(ask_udp(server.endpoint, "www.example.com").rcode, "SERVFAIL")

    # --- slow start, answers while a verdict is about to change ---

    def networks_given(self, server, address, networks=96):
        """How many networks of clients, asking several times each, are given that address."""
        given = 0
        for number in range(networks):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(5)
                sock.bind((f"127.1.{number}.9", 0))
                sock.connect(server.endpoint)
                for _ in range(8):
                    sock.send(query("www.example.com"))
                given += any(address in parse(sock.recv(4096)).addresses for _ in range(8))
        return given

    def test_a_recovered_member_is_given_to_more_and_more_clients(self):
        one, _ = self.use(ONE, TWO)
        server = self.pool(steer="weighted", slow_start="1h", members=members(ONE, TWO))
        self.assertGreater(self.networks_given(server, ONE), 90)
        one.kill()
        self.wait_gone(server, ONE)
        one.start()
        share = lambda: server.status()["pools"][0]["members"][0]["share"]
        wait_until(lambda: share() < 1, "the slow start")
        # A 64th of the networks, and of these a part draws the other member.
        self.assertLess(self.networks_given(server, ONE), 15)
        config = json.loads((self.dir / "gslbd.json").read_text())
        config["pools"]["www"]["slow_start"] = "2s"  # from the recovery on, not from now
        self.write("gslbd.json", config)
        server.reload()
        wait_until(lambda: share() == 1, "the end of the slow start")
        self.assertGreater(self.networks_given(server, ONE), 90)

    def test_the_ttl_is_shorter_while_a_verdict_is_about_to_change(self):
        one, _ = self.use(ONE, TWO)
        # So many failures in a row that the change stays pending for as long as the test looks.
        web = {"type": "tcp", "port": self.port, **FAST, "fall": 255, "rise": 1}
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}, "own": {"pool": {"name": "www", "ttl": "5m"}}})],
                            checks={"web": web},
                            pools={"www": {"alive": "web", "ttl": "50s", "ttl_pending": "2s",
                                           "members": members(ONE, TWO)}})
        ttls = lambda: {name: {record.ttl for record in ask_udp(server.endpoint, f"{name}.example.com").answers}
                        for name in ("www", "own")}
        self.assertEqual(ttls(), {"www": {50}, "own": {300}})
        one.kill()
        wait_until(lambda: ttls() == {"www": {2}, "own": {2}}, "the shorter TTL")
        self.assertTrue(server.status()["pools"][0]["answers"]["A"]["pending"])
        one.start()
        wait_until(lambda: ttls() == {"www": {50}, "own": {300}}, "the common TTL")

    # --- alive expressions, TTLs ---

    def test_a_combined_check_stands_where_a_check_may(self):
        one, _ = self.use(ONE, TWO)
        combined = {"quiet": {"type": "not", "of": "web"}, "site": {"type": "any", "of": ["web", {"not": "quiet"}]}}
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})], checks={**self.checks(), **combined},
                            pools={"www": {"alive": "site", "members": members(ONE, TWO)}})
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        one.kill()
        self.wait_addresses(server, "www.example.com", [TWO])
        checks = [member["checks"] for member in server.status()["pools"][0]["members"]]
        self.assertEqual(checks, [{"web": "down", "quiet": "up", "site": "down"},
                                  {"web": "up", "quiet": "down", "site": "up"}])

    def test_any_keeps_a_member_while_one_check_passes(self):
        one, _ = self.use(ONE, TWO)
        dead = {"type": "tcp", "port": 1, **FAST}
        server = self.gslbd(
            zones=[zone({"any": {"pool": "any"}, "both": {"pool": "both"}})], checks={**self.checks(), "dead": dead},
            pools={"any": {"alive": {"any": ["web", "dead"]}, "members": members(ONE, TWO)},
                   "both": {"alive": {"all": ["web", "dead"]}, "members": members(ONE, TWO),
                            "when_all_down": "nodata"}})
        self.wait_addresses(server, "both.example.com", [])
        self.assertEqual(self.addresses(server, "any.example.com"), [ONE, TWO])
        one.kill()
        self.wait_addresses(server, "any.example.com", [TWO])

    def test_ttls_of_pool_and_name(self):
        server = self.gslbd(zones=[zone({"a": {"pool": "p"}, "b": {"pool": {"name": "p", "ttl": "7s"}}})],
                            pools={"p": {"ttl": "20s", "members": members(ONE)}})
        for name, ttl in (("a", 20), ("b", 7)):
            self.assertEqual([record.ttl for record in ask_udp(server.endpoint, f"{name}.example.com").answers], [ttl])

    def test_ipv4_and_ipv6_members_of_one_pool(self):
        server = self.gslbd(zones=[zone({"www": {"pool": "p"}})],
                            pools={"p": {"members": members("192.0.2.1", "2001:db8::1", "2001:db8::2")}})
        self.assertEqual(self.addresses(server, "www.example.com"), ["192.0.2.1"])
        self.assertEqual(self.addresses(server, "www.example.com", "AAAA"), ["2001:db8::1", "2001:db8::2"])


if __name__ == "__main__":
    unittest.main()
