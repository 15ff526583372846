# SPDX-License-Identifier: Apache-2.0
"""A small hostile soak, for continuous integration; `./dev soak hostile` is the real one."""

import unittest

import hostile


class HostileTraffic(unittest.TestCase):
    # Too short for a slope of the memory: that is left to the real one.
    SMALL = ["--packets", "100000", "--connections", "1000", "--no-memory"]

    def test_a_server_serves_on_through_hostile_packets_and_connections(self):
        self.assertEqual(hostile.soak(hostile.arguments(self.SMALL)), [])

    def test_tight_limits_do_not_hurt_a_client_with_manners(self):
        self.assertEqual(hostile.soak(hostile.arguments([*self.SMALL, "--guarded"])), [])


if __name__ == "__main__":
    unittest.main()
