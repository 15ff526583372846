# SPDX-License-Identifier: Apache-2.0
"""Sites that die as machines and links do: packets vanish, hosts disappear, ports refuse. In network namespaces."""

import unittest

from case import FAST, E2eCase, members, needs_network, zone
from dns_client import dig_short
from network import Network
from waiting import wait_until

SERVER = ("10.53.0.2", 53)
FRA, NYC = "10.53.0.11", "10.53.0.12"
FRA6, NYC6 = "fd00:53::11", "fd00:53::12"


@needs_network
class OwnNetwork(E2eCase):
    def setUp(self):
        super().setUp()
        network = Network()
        self.addCleanup(network.__exit__)
        self.home = network.host("gslbd", "10.53.0.2/24", "fd00:53::2/64")
        self.fra = network.host("fra", f"{FRA}/24", f"{FRA6}/64")
        self.nyc = network.host("nyc", f"{NYC}/24", f"{NYC6}/64")

    def serve(self, check):
        self.sites = [self.site("fra", "0.0.0.0", 80, self.fra.prefix),
                      self.site("nyc", "0.0.0.0", 80, self.nyc.prefix),
                      self.site("fra6", "[::]", 80, self.fra.prefix), self.site("nyc6", "[::]", 80, self.nyc.prefix)]
        path = self.configure(
            zones=[zone({"www": {"pool": "www"}})], listen=["10.53.0.2:53", "[fd00:53::2]:53"],
            checks={"alive": {**FAST, **check}},
            pools={"www": {"alive": "alive", "members": members(FRA, NYC, FRA6, NYC6)}})
        server = self.gslbd(path, prefix=self.home.prefix)
        self.wait_dig([FRA, NYC], [FRA6, NYC6])
        return server

    def wait_dig(self, addresses, addresses6=None):
        for rr_type, expected in (("A", addresses), ("AAAA", addresses6)):
            if expected is None:
                continue
            for endpoint in (SERVER, ("fd00:53::2", 53)):
                wait_until(lambda: dig_short(endpoint, "www.example.com", rr_type, prefix=self.home.prefix)
                           == sorted(expected), f"{rr_type} to be {expected} at {endpoint[0]}")

    def assert_dies_and_returns(self, die, revive):
        die()
        self.wait_dig([FRA], [FRA6])
        revive()
        self.wait_dig([FRA, NYC], [FRA6, NYC6])

    def silence(self):
        self.nyc.swallow("10.53.0.2/32")
        self.nyc.swallow("fd00:53::2/128")

    def heal(self):
        self.nyc.heal("10.53.0.2/32")
        self.nyc.heal("fd00:53::2/128")

    def test_dropped_packets_http(self):
        self.serve({"type": "http", "path": "/healthz"})
        self.assert_dies_and_returns(self.silence, self.heal)

    def test_dropped_packets_tcp(self):
        self.serve({"type": "tcp", "port": 80})
        self.assert_dies_and_returns(self.silence, self.heal)

    def test_dropped_packets_icmp(self):
        self.serve({"type": "icmp"})
        self.assert_dies_and_returns(self.silence, self.heal)

    def test_refused_connections(self):
        self.serve({"type": "tcp", "port": 80})
        dead = (self.sites[1], self.sites[3])
        self.assert_dies_and_returns(lambda: [site.kill() for site in dead], lambda: [site.start() for site in dead])

    def test_a_cable_is_pulled(self):
        def pull():
            self.nyc.ip("link", "set", "eth0", "down")

        def plug():
            self.nyc.ip("link", "set", "eth0", "up")
            self.nyc.ip("addr", "replace", f"{NYC6}/64", "dev", "eth0", "nodad")  # lost with the link
        self.serve({"type": "http", "path": "/healthz"})
        self.assert_dies_and_returns(pull, plug)


if __name__ == "__main__":
    unittest.main()
