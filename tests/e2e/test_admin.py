# SPDX-License-Identifier: Apache-2.0
"""The admin address: metrics, health, readiness, status; and what it refuses."""

import re
import shutil
import subprocess
import unittest
import urllib.error
import urllib.request

from case import FAST, E2eCase, members, zone
from dns_client import ask_tcp, ask_udp
from processes import ROOT
from waiting import wait_until

ONE, TWO = "127.0.0.11", "127.0.0.12"


# Their keys are not names of ours but those of checks, reasons and what becomes of responses.
BY_NAME = {"checks", "failures", "cookies", "rate_limited"}


def keys_within(value, of=None):
    """Every key of every object in `value`, but those that are data."""
    if isinstance(value, list):
        return {key for each in value for key in keys_within(each)}
    if not isinstance(value, dict):
        return set()
    below = {key for name, each in value.items() for key in keys_within(each, name)}
    return below if of in BY_NAME else below | set(value)


class Admin(E2eCase):
    @classmethod
    def setUpClass(cls):
        cls.reference = (ROOT / "docs/reference/metrics.md").read_text()

    def setUp(self):
        super().setUp()
        self.one, self.two = self.sites(ONE, TWO)
        self.server = self.gslbd(
            zones=[zone({"www": {"pool": "www"}})], identity="test-1",
            hooks=[{"type": "exec", "command": "true"}],
            sites={"fra": {"location": [50.11, 8.68]}, "nyc": {"location": [40.71, -74.01]}},
            checks={"web": {"type": "http", "port": self.one.port, "path": "/healthz", **FAST}},
            pools={"www": {"alive": "web",
                           "members": [{"site": "fra", "address": ONE}, {"site": "nyc", "address": TWO}]}})
        self.wait_addresses(self.server, "www.example.com", [ONE, TWO])
        self.two.kill()
        self.wait_addresses(self.server, "www.example.com", [ONE])

    def value(self, name, **labels):
        """The sum of the series of that name with these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for key, value in self.server.metrics().items()
                   if re.split(r"\{", key)[0] == name and all(label in key for label in wanted))

    def test_it_is_alive_and_ready(self):
        self.assertEqual(self.server.get("/healthz")[0], 200)
        self.assertEqual(self.server.get("/ready")[0], 200)
        self.assertEqual(self.server.get("/nothing")[0], 404)

    def test_the_status_page_shows_who_is_down(self):
        status, page = self.server.get("/")
        self.assertEqual(status, 200)
        self.assertIn("<h1>test-1</h1>", page)
        self.assertRegex(page, rf'<td>{TWO}</td><td class="down">down</td>')

    def test_the_metrics_count(self):
        before = self.value("gslbd_queries_total", transport="udp", family="ipv4")
        before_tcp = self.value("gslbd_queries_total", transport="tcp", family="ipv4")
        nxdomain = self.value("gslbd_responses_total", rcode="NXDOMAIN")
        answers = self.value("gslbd_answers_total", site="fra")
        for _ in range(10):
            ask_udp(self.server.endpoint, "www.example.com")
            ask_udp(self.server.endpoint, "nothing.example.com")
            ask_tcp(self.server.endpoint, "www.example.com")
        wait_until(lambda: self.value("gslbd_queries_total", transport="udp", family="ipv4") == before + 20,
                   "20 more queries over UDP")
        self.assertEqual(self.value("gslbd_queries_total", transport="tcp", family="ipv4"), before_tcp + 10)
        self.assertEqual(self.value("gslbd_responses_total", rcode="NXDOMAIN"), nxdomain + 10)
        self.assertEqual(self.value("gslbd_answers_total", site="fra"), answers + 20)

    def test_the_metrics_tell_who_is_alive(self):
        metrics = self.server.metrics()
        up = {key: value for key, value in metrics.items() if key.startswith("gslbd_check_up{")}
        self.assertEqual({address: value for key, value in up.items() for address in (ONE, TWO) if address in key},
                         {ONE: 1, TWO: 0})
        self.assertEqual(self.value("gslbd_pool_members", pool="www", state="up"), 1)
        self.assertEqual(self.value("gslbd_pool_members", pool="www", state="down"), 1)
        self.assertGreater(self.value("gslbd_check_probes_total", outcome="refused"), 0)
        self.assertGreater(self.value("gslbd_check_probes_total", outcome="pass"), 0)
        self.assertEqual(metrics["gslbd_config_last_reload_successful"], 1)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool_has_nothing_to_say(self):
        text = self.server.get("/metrics")[1]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_reference_has_every_metric_and_no_other(self):
        self.server.post("force", {"site": "nyc", "state": "drain"})  # else there is nothing forced to show
        names = set(re.findall(r"(?m)^# TYPE (\S+)", self.server.get("/metrics")[1]))
        self.assertTrue(names)
        self.assertEqual(set(re.findall(r"(?m)^\| `(gslbd_\w+)`", self.reference)), names)

    def test_the_reference_has_every_value_of_the_fixed_labels(self):
        values = re.findall(r'(?:reason|state|class|action)="(\w+)"', self.server.get("/metrics")[1])
        self.assertIn("client_limit", values)
        self.assertEqual([value for value in values if f"`{value}`" not in self.reference], [])

    def test_the_status_tells_the_verdict_and_why(self):
        text = self.server.get("/api/v1/status")[1]
        status = self.server.status()
        self.assertIsInstance(status, dict)
        for needed in (ONE, TWO, '"www"', '"web"', '"fra"', '"nyc"', "refused", '"up"', '"down"', "test-1",
                       "%s:%d" % self.server.endpoint):
            self.assertIn(needed, text)

    def test_the_reference_has_every_key_of_the_status_and_no_other(self):
        status = self.server.status()
        reference = (ROOT / "docs/reference/http-api.md").read_text().split("\n## /api/v1/status\n")[1]
        top, *tables = re.split(r"(?m)^(?:.* )?[Oo]f (?:each of )?`(\w+)`:$", reference)
        tables = dict(zip(tables[::2], tables[1::2]))
        rows = {key: row for row in re.findall(r"(?m)^\|.*", top) for key in re.findall(r"`(\w+)`", row.split("|")[1])}
        elsewhere = {"uptime", "forced"}  # sections of their own
        self.assertEqual(set(rows), set(status))
        for key in set(status) - elsewhere:
            with self.subTest(key=key):
                described = set(re.findall(r"`(\w+)`", tables.get(key) or rows[key]))
                self.assertEqual(keys_within(status[key]) - described, set())
        for key, table in tables.items():
            first = {word for row in re.findall(r"(?m)^\| (`.*?) \|", table.split("| `why` of")[0])
                     for word in re.findall(r"`(\w+)`", row)}
            with self.subTest(table=key):
                self.assertEqual(first - keys_within(status[key]), set())

    def test_the_first_page_says_what_is_where(self):
        code, page = self.server.get("/")
        self.assertEqual(code, 200)
        for path in ("/metrics", "/healthz", "/ready", "/api/v1/status"):
            self.assertIn(path, page)

    def test_nothing_can_be_changed_without_a_token(self):
        request = urllib.request.Request(self.server.admin + "/api/v1/status", data=b"{}", method="POST")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        self.assertIn(refused.exception.code, (401, 403, 404, 405))
        refused.exception.close()


if __name__ == "__main__":
    unittest.main()
