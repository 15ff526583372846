# SPDX-License-Identifier: Apache-2.0
"""RFC 5001 §2.3: the NSID is octets of the operator's choice; §2.1 and §2.2: only for those who ask."""

import re
import unittest

from case import E2eCase, zone
from dns_client import dig


class Nsid(E2eCase):
    def serve(self, **settings):
        return self.gslbd(zones=[zone({"www": {"A": "192.0.2.10"}})], listen=["127.0.0.1:0", "[::1]:0"],
                          watch=False, **settings)

    def nsid(self, server, *arguments):
        """The octets that every way in tells; None when there is no option."""
        found = set()
        for endpoint in server.endpoints:
            for transport in ("+notcp", "+tcp"):
                out = dig(endpoint, "www.example.com", transport, *arguments)
                self.assertIn("status: NOERROR", out)
                option = re.search(r"(?m)^; NSID: ((?:[0-9a-f]{2} ?)+)", out)
                found.add(bytes.fromhex(option.group(1)) if option else None)
        self.assertEqual(len(found), 1, found)
        return found.pop()

    def test_the_identity_is_told_to_who_asks(self):
        server = self.serve(identity="ns1.fra")
        self.assertEqual(self.nsid(server, "+nsid"), b"ns1.fra")
        self.assertIsNone(self.nsid(server, "+nonsid"))
        self.assertIsNone(self.nsid(server, "+noedns"))

    def test_without_an_identity_nothing_is_told(self):
        self.assertIsNone(self.nsid(self.serve(), "+nsid"))

    def test_it_is_switched_off(self):
        self.assertIsNone(self.nsid(self.serve(identity="ns1.fra", nsid=False), "+nsid"))

    def test_a_text_of_its_own(self):
        self.assertEqual(self.nsid(self.serve(identity="ns1.fra", nsid="anycast 7"), "+nsid"), b"anycast 7")

    def test_octets_that_are_no_text(self):
        self.assertEqual(self.nsid(self.serve(nsid="0x00ff80"), "+nsid"), bytes((0, 255, 128)))

    def test_as_long_as_it_may_be(self):
        self.assertEqual(self.nsid(self.serve(nsid="n" * 128), "+nsid"), b"n" * 128)

    def test_errors_carry_it_too(self):
        server = self.serve(identity="ns1.fra")
        for name, status in (("nothing.example.com", "NXDOMAIN"), ("example.org", "REFUSED")):
            out = dig(server.endpoint, name, "+nsid")
            self.assertIn(f"status: {status}", out)
            self.assertIn('("ns1.fra")', out)


if __name__ == "__main__":
    unittest.main()
