# SPDX-License-Identifier: Apache-2.0
"""A server without a descriptor to spare: its probes fail, and the sites are not blamed for it."""

import os
import resource
import unittest

from case import FAST, E2eCase, members, zone
from waiting import stays, wait_until

ONE, TWO = "127.0.0.11", "127.0.0.12"
NAME = "www.example.com"


class Descriptors(E2eCase):
    def setUp(self):
        super().setUp()
        one, self.two = self.sites(ONE, TWO)
        self.server = self.gslbd(
            zones=[zone({"www": {"pool": "www"}})],
            checks={"web": {"type": "http", "port": one.port, "path": "/healthz", **FAST}},
            pools={"www": {"alive": "web", "members": members(ONE, TWO)}})
        self.wait_addresses(self.server, NAME, [ONE, TWO])
        self.limits = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)
        self.most = self.limits[0]

    def take_all_descriptors(self):
        """No descriptor below the limit is free; what was free only now and then is found by asking again."""
        used = {int(name) for name in os.listdir(f"/proc/{self.server.pid}/fd")}
        self.most = next((number for number in range(self.most) if number not in used), self.most)
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, (self.most, self.limits[1]))

    def give_back(self):
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, self.limits)

    def starved(self):
        return self.server.metrics()['gslbd_prober_alarm{kind="starved"}'] == 1

    def probes(self, outcome):
        return sum(value for key, value in self.server.metrics().items()
                   if key.startswith("gslbd_check_probes_total{") and f'outcome="{outcome}"' in key)

    def test_without_descriptors_no_site_is_blamed_and_that_is_told(self):
        self.assertFalse(self.starved())

        def told():
            self.take_all_descriptors()
            return any("probes fail for want of local resources" in line for line in self.server.lines)
        wait_until(told, "the server to say so")
        # Many times what takes a site out that fails (fall 2, 50 ms apart). The admin address has no descriptor either.
        stays(lambda: self.addresses(self.server, NAME) == [ONE, TWO], "both sites", 1.5)
        self.give_back()
        self.assertTrue(self.starved())
        self.assertGreater(self.probes("resources"), 2)
        self.assertTrue(self.server.status()["prober"]["starved"])
        self.assertIn("starved: probes fail for want of descriptors", self.server.get("/")[1])
        self.assertEqual({check["verdict"] for check in self.server.status()["checks"]}, {"up"})
        # And it is as watchful as before.
        self.two.kill()
        self.wait_addresses(self.server, NAME, [ONE])
        wait_until(lambda: not self.starved(), "the alarm to end")


if __name__ == "__main__":
    unittest.main()
