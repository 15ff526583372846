# SPDX-License-Identifier: Apache-2.0
"""RFC 9018 §5: several servers share a secret, and change it without refusing anybody's cookie."""

import re
import unittest

from case import E2eCase, zone
from dns_client import dig
from waiting import wait_until

OLD, NEW = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"
GOOD = ("valid", "valid_renew")


class SharedSecret(E2eCase):
    def setUp(self):
        super().setUp()
        self.write("zones/example.com.json", zone({"www": {"A": "192.0.2.10"}}))

    def serve(self, label, *secrets, **settings):
        """A server with its own configuration and its own copy of the secrets, as on a host of its own."""
        if secrets:
            self.put(label, *secrets)
            settings["cookies"] = {"secret_file": f"{label}.keys"}
        path = self.write(f"{label}.json", {"listen": ["127.0.0.1:0", "[::1]:0"], "zones": ["zones/*.json"],
                                            "admin": {"listen": "127.0.0.1:0"}, **settings})
        return self.gslbd(path)

    def put(self, label, *secrets):
        self.write(f"{label}.keys", "".join(f"{secret}\n" for secret in secrets)).chmod(0o600)

    def roll(self, server, label, *secrets):
        """New secrets in the file: the server notices by itself, as with every other file."""
        loads = server.generation()
        self.put(label, *secrets)
        wait_until(lambda: server.generation() > loads, "the reload")

    def secrets(self, server):
        return server.status()["config"]["cookies"]["secrets"]

    def cookie(self, server, cookie="0011223344556677", way=0):
        """Sends a cookie by the server's endpoint number `way`; (what came back, what the server took it for)."""
        def states():
            return {re.search('"(.*)"', key).group(1): value for key, value in server.metrics().items()
                    if key.startswith("gslbd_cookies_total")}
        before = states()
        out = dig(server.endpoints[way], "www.example.com", f"+cookie={cookie}", "+nobadcookie")
        self.assertIn("status: NOERROR", out)
        after = states()
        took = [state for state in after if after[state] > before[state]]
        self.assertEqual(len(took), 1, took)
        back = re.search(r"(?m)^; COOKIE: ([0-9a-f]+)", out)
        return (back.group(1) if back else None), took[0]

    def test_servers_with_one_secret_accept_each_other_s_cookies(self):
        one, two = self.serve("one", OLD), self.serve("two", OLD)
        for way in (0, 1):
            fresh, took = self.cookie(one, way=way)
            self.assertEqual((len(fresh), took), (48, "client_only"))
            back, took = self.cookie(two, fresh, way)
            self.assertEqual((back, took), (fresh, "valid"))

    def test_a_cookie_is_good_for_its_address_alone(self):
        one = self.serve("one", OLD)
        fresh, _ = self.cookie(one, way=0)
        self.assertEqual(self.cookie(one, fresh, way=1)[1], "invalid")

    def test_a_rollover_refuses_nobody(self):
        one, two = self.serve("one", OLD), self.serve("two", OLD)
        for way in (0, 1):
            old, _ = self.cookie(one, way=way)
            # First every server learns the new secret, then each begins to use it, one after the other.
            for server, label in ((one, "one"), (two, "two")):
                self.roll(server, label, OLD, NEW)
                self.assertEqual(self.secrets(server), 2)
                self.assertEqual(self.cookie(server, old, way)[1], "valid")
            self.roll(one, "one", NEW, OLD)
            renewed, took = self.cookie(one, old, way)
            self.assertEqual(took, "valid_renew")
            self.assertNotEqual(renewed, old)
            self.assertIn(self.cookie(two, renewed, way)[1], GOOD)
            self.assertIn(self.cookie(two, old, way)[1], GOOD)
            self.roll(two, "two", NEW, OLD)
            self.assertEqual(self.cookie(two, renewed, way), (renewed, "valid"))
            # In the end the old secret goes, and what it made with it.
            for server, label in ((one, "one"), (two, "two")):
                self.roll(server, label, NEW)
                self.assertEqual(self.cookie(server, old, way)[1], "invalid")
                self.assertEqual(self.cookie(server, renewed, way)[1], "valid")
            for server, label in ((one, "one"), (two, "two")):
                self.roll(server, label, OLD)

    def test_servers_without_a_file_do_not_know_each_other_s_cookies(self):
        one, two = self.serve("one"), self.serve("two")
        fresh, _ = self.cookie(one)
        self.assertEqual(self.cookie(two, fresh)[1], "invalid")

    def test_a_secret_of_its_own_outlives_a_reload(self):
        one = self.serve("one")
        fresh, _ = self.cookie(one)
        one.reload()
        self.assertEqual(self.cookie(one, fresh), (fresh, "valid"))

    def test_a_bad_file_keeps_the_secrets_before_and_is_not_quoted(self):
        one = self.serve("one", OLD)
        fresh, _ = self.cookie(one)
        seen = len(one.lines)
        self.put("one", OLD, NEW[:-1])
        one.wait_line(r"one\.json: /cookies/secret_file: .*one\.keys:2: ", after=seen)
        self.assertEqual(self.cookie(one, fresh), (fresh, "valid"))
        self.assertNotIn(NEW[:8], "\n".join(one.lines))

    def test_cookies_are_switched_off(self):
        one = self.serve("one", cookies=False)
        for endpoint in one.endpoints:
            out = dig(endpoint, "www.example.com", "+cookie=0011223344556677")
            self.assertIn("status: NOERROR", out)
            self.assertNotIn("; COOKIE:", out)


if __name__ == "__main__":
    unittest.main()
