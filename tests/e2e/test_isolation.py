# SPDX-License-Identifier: Apache-2.0
"""The prober that is cut off itself: its own namespace is unplugged, and it must not blame the sites."""

import json
import re
import unittest

from case import FAST, E2eCase, needs_network, zone
from network import Network
from processes import gslbctl_binary
from waiting import wait_until

FRA, NYC, GATEWAY = "10.53.0.11", "10.53.1.12", "10.53.0.1"


@needs_network
class Isolation(E2eCase):
    def setUp(self):
        super().setUp()
        network = Network()
        self.addCleanup(network.__exit__)
        self.home = network.host("gslbd", "10.53.0.2/16")
        self.fra = network.host("fra", f"{FRA}/16")
        self.nyc = network.host("nyc", f"{NYC}/16")
        self.gateway = network.host("gateway", f"{GATEWAY}/16")

    def serve(self, sites=("fra", "nyc"), **settings):
        hosts = {"fra": (FRA, self.fra), "nyc": (NYC, self.nyc)}
        self.running = [self.site(name, "0.0.0.0", 80, hosts[name][1].prefix) for name in sites]
        path = self.configure(
            zones=[zone({"www": {"pool": "www"}})], listen=["127.0.0.1:0"], sites={name: {} for name in sites},
            checks={"web": {**FAST, "type": "http", "path": "/healthz"}, "ping": {**FAST, "type": "icmp"}},
            pools={"www": {"alive": "web",
                           "members": [{"site": name, "address": hosts[name][0]} for name in sites]}},
            **settings)
        server = self.gslbd(path, prefix=self.home.prefix)
        wait_until(lambda: self.verdicts(server) == dict.fromkeys([hosts[n][0] for n in sites], "up"),
                   "every site to be up")
        return server

    def status(self, server):
        return json.loads(self.home.run("curl", "-s", server.admin + "/api/v1/status").stdout)

    def verdicts(self, server):
        return {c["target"]: c["verdict"] for c in self.status(server)["checks"] if not c["canary"]}

    def isolated(self, server):
        return self.status(server)["prober"]["isolated"]

    def alarms(self, server):
        """The alarm metrics that are 1."""
        text = self.home.run("curl", "-s", server.admin + "/metrics").stdout
        return sorted(re.findall(r"(?m)^(gslbd_prober_(?:alarm|isolated)\{.*\}) 1$", text))

    def probes(self, server):
        return sum(sum(c["failures"].values()) for c in self.status(server)["checks"])

    def unplug(self):
        self.home.ip("link", "set", "eth0", "down")

    def plug(self):
        self.home.ip("link", "set", "eth0", "up")

    def test_unplugged_it_freezes_the_verdicts_and_goes_on_probing(self):
        server = self.serve()
        self.assertEqual(self.alarms(server), [])
        self.unplug()
        wait_until(lambda: self.isolated(server), "the server to find itself cut off")
        self.assertEqual(self.alarms(server),
                         ['gslbd_prober_alarm{kind="isolated"}', 'gslbd_prober_isolated{family="ipv4"}'])
        self.assertEqual(self.status(server)["prober"]["isolated_from"], ["ipv4"])
        told = self.home.run(gslbctl_binary(), "-s", server.admin, "status").stdout
        self.assertRegex(told, r"(?m)^ALARM isolated from IPv4 since 20\S+Z: ")
        seen = self.probes(server)
        wait_until(lambda: self.probes(server) > seen + 20, "probing to go on")
        self.assertEqual(set(self.verdicts(server).values()), {"up"})
        self.assertTrue(any("isolated" in line for line in server.lines))
        self.plug()
        wait_until(lambda: not self.isolated(server), "the server to be back")
        self.assertEqual(set(self.verdicts(server).values()), {"up"})
        self.assertEqual(self.alarms(server), [])
        self.assertNotIn("ALARM", self.home.run(gslbctl_binary(), "-s", server.admin, "status").stdout)
        # And it is as watchful as before.
        self.nyc.swallow("10.53.0.2/32")
        wait_until(lambda: self.verdicts(server) == {FRA: "up", NYC: "down"}, "New York to be found dead")
        self.assertFalse(self.isolated(server))

    def test_the_total_loss_of_one_site_is_no_isolation(self):
        server = self.serve()
        self.nyc.ip("link", "set", "eth0", "down")
        wait_until(lambda: self.verdicts(server) == {FRA: "up", NYC: "down"}, "New York to be found dead")
        self.assertEqual(self.status(server)["prober"]["isolations"], 0)

    def test_a_lone_site_has_the_gateway_for_a_witness(self):
        server = self.serve(sites=["fra"], isolation={"canaries": [{"check": "ping", "address": GATEWAY}]})
        wait_until(lambda: all(c["verdict"] == "up" for c in self.status(server)["checks"]), "the canary to sing")
        self.unplug()
        wait_until(lambda: self.isolated(server), "the server to find itself cut off")
        self.assertEqual(self.verdicts(server), {FRA: "up"})
        self.plug()
        wait_until(lambda: not self.isolated(server), "the server to be back")
        self.fra.swallow("10.53.0.2/32")
        wait_until(lambda: self.verdicts(server) == {FRA: "down"}, "Frankfurt to be found dead")


if __name__ == "__main__":
    unittest.main()
