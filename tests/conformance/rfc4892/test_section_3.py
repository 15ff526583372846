# SPDX-License-Identifier: Apache-2.0
"""RFC 4892 §3: a server tells who it is by names of class CHAOS, as far as its operator wants."""

import re
import unittest

from case import E2eCase, zone
from dns_client import dig

NAMES = ("id.server", "hostname.bind", "version.server", "version.bind")


class Identity(E2eCase):
    def serve(self, **settings):
        return self.gslbd(zones=[zone({"www": {"A": "192.0.2.10"}})], listen=["127.0.0.1:0", "[::1]:0"],
                          watch=False, **settings)

    def told(self, server, name):
        """What `name` answers by every way in, which must agree: (rcode, text or None)."""
        replies = set()
        for endpoint in server.endpoints:
            for transport in ("+notcp", "+tcp"):
                out = dig(endpoint, "CH", "TXT", name, transport)
                text = re.search(rf'(?m)^{re.escape(name)}\.\s+0\s+CH\s+TXT\s+"(.*)"$', out)
                replies.add((re.search(r"status: (\w+)", out).group(1), text and text.group(1)))
        self.assertEqual(len(replies), 1, replies)
        return replies.pop()

    def assert_told(self, server, expected):
        self.assertEqual({name: self.told(server, name) for name in expected},
                         {name: ("NOERROR", text) if text else ("REFUSED", None) for name, text in expected.items()})

    def test_without_an_identity_nothing_is_told(self):
        self.assert_told(self.serve(), dict.fromkeys(NAMES))

    def test_an_identity_is_told_and_the_version_is_not(self):
        self.assert_told(self.serve(identity="ns1.fra"),
                         {"id.server": "ns1.fra", "hostname.bind": "ns1.fra",
                          "version.server": None, "version.bind": None})

    def test_each_name_has_its_own_switch(self):
        for name in NAMES:
            with self.subTest(name=name):
                server = self.serve(chaos={**dict.fromkeys(NAMES, False), name: "only this"})
                self.assert_told(server, {**dict.fromkeys(NAMES), name: "only this"})

    def test_all_are_switched_off_at_once(self):
        self.assert_told(self.serve(identity="ns1", chaos=False), dict.fromkeys(NAMES))

    def test_the_version_is_told_when_asked_for(self):
        server = self.serve(chaos={"version.bind": True})
        code, text = self.told(server, "version.bind")
        self.assertEqual(code, "NOERROR")
        self.assertRegex(text, r"^gslbd \d+\.\d+")

    def test_a_reload_changes_what_is_told(self):
        server = self.serve(chaos={"id.server": "before"})
        self.assert_told(server, {"id.server": "before"})
        self.configure(listen=["127.0.0.1:0", "[::1]:0"], watch=False, chaos={"id.server": "after"})
        server.reload()
        self.assert_told(server, {"id.server": "after"})

    def test_other_names_of_the_class_are_refused(self):
        self.assert_told(self.serve(identity="ns1"), {"authors.bind": None, "www.example.com": None})

    def test_the_names_mean_nothing_in_class_in(self):
        server = self.serve(identity="ns1")
        self.assertIn("status: REFUSED", dig(server.endpoint, "IN", "TXT", "id.server"))


if __name__ == "__main__":
    unittest.main()
