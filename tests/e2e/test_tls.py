# SPDX-License-Identifier: Apache-2.0
"""Checks of certificates, and of how soon a site says its first octet, with a real server (nginx)."""

import unittest

from case import FAST, E2eCase, members, zone
from certificates import Certificate
from processes import free_port
from waiting import wait_until

ADDRESS = "127.0.0.61"


class SiteCase(E2eCase):
    def watch(self, **checks):
        pools = {name: {"alive": name, "members": members(ADDRESS), "when_all_down": "nodata"} for name in checks}
        return self.gslbd(zones=[zone({name: {"pool": name} for name in checks})], checks=checks, pools=pools)

    def wait_detail(self, server, check, verdict, pattern):
        """Until the check is of that verdict, and says that of its last probe."""
        def found():
            status = next(c for c in server.status()["checks"] if c["check"] == check)
            return status["verdict"] == verdict and status["last"]
        last = wait_until(found, f"{check} to be {verdict}")
        self.assertRegex(last["detail"], pattern)
        return last


class Certificates(SiteCase):
    def test_days_that_are_left(self):
        certificate = Certificate(self.dir, names=["www.example.test"], addresses=[ADDRESS], days=10)
        port = free_port(ADDRESS)
        site = self.site("secure", ADDRESS, port, certificate=certificate)
        check = {**FAST, "timeout": "200ms", "type": "tls", "port": port, "ca_file": str(certificate.file)}
        server = self.watch(
            fine={**check, "warn_days": 5}, warned={**check, "warn_days": 14},
            failed={**check, "fail_days": 14}, named={**check, "host": "www.example.test"},
            wrong={**check, "host": "other.example.test"}, untrusted={**check, "ca_file": self.another()})
        left = r"the certificate expires in (9|10) days \(\d{4}-\d\d-\d\d\)"
        self.wait_detail(server, "fine", "up", f"^{left}$")
        self.wait_detail(server, "warned", "up", f"^warning: {left}; warn_days is 14$")
        self.wait_detail(server, "named", "up", f"{left}")
        failed = self.wait_detail(server, "failed", "down", f"^{left}; fail_days is 14$")
        self.assertEqual(failed["outcome"], "tls")
        self.wait_detail(server, "wrong", "down", "wanted other.example.test, the certificate is for www.example.test")
        self.wait_detail(server, "untrusted", "down", "self-signed certificate")
        site.kill()
        self.wait_detail(server, "fine", "down", "refused")

    def another(self):
        """Authorities that did not sign what the site shows."""
        return str(Certificate(self.dir, label="another").file)


class FirstOctet(SiteCase):
    def test_a_site_that_accepts_and_says_nothing_is_down_when_max_ttfb_is_over(self):
        port = free_port(ADDRESS)
        site = self.site("slow", ADDRESS, port)
        # The timeout is longer than the test waits: only max_ttfb can take it down.
        check = {"type": "http", "path": "/healthz", "port": port, "interval": "1m", "timeout": "1m", "rise": 1,
                 "fall": 1, "max_ttfb": "10s"}
        server = self.watch(patient=check)
        self.wait_detail(server, "patient", "up", "HTTP 200")
        site.freeze()
        server = self.watch(strict={**check, "max_ttfb": "100ms"})
        last = self.wait_detail(server, "strict", "down", "^slow: no first octet within 100ms$")
        self.assertEqual(last["outcome"], "timeout")


if __name__ == "__main__":
    unittest.main()
