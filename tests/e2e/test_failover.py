# SPDX-License-Identifier: Apache-2.0
"""The main job: a dead site leaves the answers and comes back, over IPv4 and IPv6, UDP and TCP."""

import datetime
import re
import subprocess
import unittest

from case import FAST, E2eCase, members, zone
from dns_client import ask_tcp, ask_udp, dig, dig_short
from processes import gslbctl_binary
from waiting import stays, wait_until

ADDRESSES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
ONE, TWO = ADDRESSES[:2]


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


class Failover(E2eCase):
    def start(self, check=None, **pool):
        self.fra, self.nyc, self.sin = self.sites(*ADDRESSES)
        check = check or {"type": "http", "path": "/healthz", "expect": {"body": "ok"}}
        server = self.gslbd(
            listen=["127.0.0.1:0", "[::1]:0"], zones=[zone({"www": {"pool": "www"}, "shop": {"CNAME": "www"}})],
            checks={"web": {"port": self.fra.port, **FAST, **check}},
            pools={"www": {"alive": "web", "ttl": "5s", "members": members(*ADDRESSES), **pool}})
        self.wait_addresses(server, "www.example.com", ADDRESSES)
        return server

    def assert_leaves_and_returns(self, server, out, back):
        out()
        self.wait_addresses(server, "www.example.com", [ADDRESSES[0], ADDRESSES[2]])
        self.assertEqual(self.everywhere(server, "www.example.com"), [ADDRESSES[0], ADDRESSES[2]])
        back()
        self.wait_addresses(server, "www.example.com", ADDRESSES)
        self.assertEqual(self.everywhere(server, "www.example.com"), ADDRESSES)

    def test_a_killed_site_leaves_and_returns(self):
        server = self.start()
        self.assert_leaves_and_returns(server, self.nyc.kill, self.nyc.start)

    def test_a_site_that_accepts_and_never_answers_leaves_and_returns(self):
        server = self.start()
        self.assert_leaves_and_returns(server, self.nyc.freeze, self.nyc.thaw)

    def test_a_tcp_check_sees_a_closed_port(self):
        server = self.start({"type": "tcp"})
        self.assert_leaves_and_returns(server, self.nyc.kill, self.nyc.start)

    def test_a_wrong_body_is_a_failure(self):
        self.fra, self.nyc, self.sin = self.sites(*ADDRESSES)
        server = self.gslbd(
            zones=[zone({"www": {"pool": "www"}})],
            checks={"web": {"type": "http", "port": self.fra.port, "path": "/", **FAST,
                            "expect": {"body": "hello from site(1|3)"}}},
            pools={"www": {"alive": "web", "members": members(*ADDRESSES)}})
        self.wait_addresses(server, "www.example.com", [ADDRESSES[0], ADDRESSES[2]])

    def test_dig_sees_what_we_promise(self):
        server = self.start()
        for endpoint in server.endpoints:
            for transport in ("+notcp", "+tcp"):
                with self.subTest(endpoint=endpoint, transport=transport):
                    self.assertEqual(dig_short(endpoint, transport, "www.example.com"), ADDRESSES)
        full = dig(server.endpoint, "www.example.com")
        self.assertIn("status: NOERROR", full)
        self.assertRegex(full, r"flags:[^;]*\baa\b")
        self.assertRegex(full, r"www\.example\.com\.\s+5\s+IN\s+A\s+127\.0\.0\.1[123]")
        self.assertIn("status: NXDOMAIN", dig(server.endpoint, "nothing.example.com"))
        self.assertIn("status: REFUSED", dig(server.endpoint, "www.example.net"))
        self.assertIn("BADVERS", dig(server.endpoint, "+edns=1", "+noednsnegotiation", "www.example.com"))

    def test_a_cname_in_the_zone_leads_to_the_live_sites(self):
        server = self.start()
        self.nyc.kill()
        self.wait_addresses(server, "shop.example.com", [ADDRESSES[0], ADDRESSES[2]])

    def test_a_pool_of_ipv4_answers_aaaa_with_nodata(self):
        server = self.start()
        for ask in (ask_udp, ask_tcp):
            answer = ask(server.endpoint, "www.example.com", "AAAA")
            self.assertEqual((answer.rcode, answer.answers), ("NOERROR", []))
            self.assertEqual([record.type for record in answer.authority], [6])

    def test_one_failure_alone_takes_nobody_out(self):
        # fall is 255, so the site stays although it fails every time
        server = self.start({"type": "tcp", "fall": 255, "interval": "10s", "confirm_interval": "1s"})
        self.nyc.kill()
        stays(lambda: self.addresses(server, "www.example.com") == ADDRESSES, "three addresses", 1.5)

    def test_when_every_site_is_dead_all_are_answered(self):
        server = self.start()
        for site in (self.fra, self.nyc):
            site.kill()
        self.wait_addresses(server, "www.example.com", [ADDRESSES[2]])
        self.sin.kill()
        self.wait_addresses(server, "www.example.com", ADDRESSES)

    def test_a_dead_site_is_known_before_the_first_answer(self):
        fra, nyc = self.sites(*ADDRESSES[:2])
        nyc.kill()
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})],
                            checks={"web": {"type": "tcp", "port": fra.port, **FAST}},
                            pools={"www": {"alive": "web", "members": members(*ADDRESSES[:2])}})
        wait_until(lambda: self.addresses(server, "www.example.com") == [ADDRESSES[0]], "the dead site to be out")


class HeldBack(E2eCase):
    """A target that passes its probes again, and is not let back yet."""

    def serve(self, **check):
        self.one, self.two = self.sites(ONE, TWO)
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})],
                            checks={"web": {"type": "http", "path": "/healthz", "port": self.one.port, **FAST,
                                            **check}},
                            pools={"www": {"alive": "web", "members": members(ONE, TWO)}})
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        return server

    def target(self, server):
        return next(check for check in server.status()["checks"] if check["target"] == TWO)

    def die_and_mend(self, server):
        self.two.kill()
        self.wait_addresses(server, "www.example.com", [ONE])
        self.two.start()

    def held(self, server):
        """What is said of the second site, once it passes and is down nevertheless."""
        target = wait_until(lambda: self.target(server)["held_back"] and self.target(server), "it to be held back")
        self.assertEqual((target["verdict"], target["evidence"]), ("down", "up"))
        self.assertEqual(self.addresses(server, "www.example.com"), [ONE])
        return target

    def told(self, server):
        """The line of gslbctl's status about the second site's check."""
        done = subprocess.run([gslbctl_binary(), "-s", server.admin, "status"], capture_output=True, text=True,
                              timeout=30)
        return next(line for line in done.stdout.splitlines() if re.match(rf"web +{TWO} ", line))

    def resume(self, server):
        """Long before its time is up: what is looked at before must not depend on how fast that goes."""
        self.assertEqual(server.post("resume", {"check": "web", "target": TWO})[0], 200)
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.assertIsNone(self.target(server)["held_back"])

    def test_who_flaps_is_held_down_for_longer_unless_it_is_resumed(self):
        server = self.serve(damping={"half_life": "10m", "suppress": 1.2, "reuse": 1})
        self.die_and_mend(server)  # once is no flapping
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.assertNotIn("held", self.told(server))
        self.die_and_mend(server)
        target = self.held(server)
        self.assertEqual(target["held_back"]["why"], "held down by flap damping")
        self.assertGreater(target["flap_penalty"], 1)
        self.assertRegex(self.told(server),
                         r"passes, but held down by flap damping \(until 20\S+Z\); flap penalty \d\.\d$")
        self.assertIn("passes, but held down by flap damping", server.get("/")[1])
        server.wait_line(rf"check web on {TWO} passes again, but held down by flap damping")
        self.resume(server)

    def test_a_delayed_failback_is_told_and_ends_when_it_is_resumed(self):
        server = self.serve(failback="10m")
        self.die_and_mend(server)
        self.held(server)
        self.assertRegex(self.told(server), r"passes, but held down until failback is due \(until 20\S+Z\)$")
        self.resume(server)

    def test_a_delayed_failback_waits_until_it_has_been_well_for_as_long(self):
        server = self.serve(failback="2s")
        self.two.kill()
        self.wait_addresses(server, "www.example.com", [ONE])
        mended = datetime.datetime.now(datetime.timezone.utc)
        self.two.start()
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        back = self.target(server)
        self.assertIsNone(back["held_back"])
        promised = mended + datetime.timedelta(seconds=2, milliseconds=-10)  # written in milliseconds
        self.assertGreaterEqual(moment(back["since"]), promised)

    def test_every_verdict_has_its_age(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        server = self.serve()
        up = self.target(server)
        wait_until(lambda: self.target(server)["evidence_at"] > up["evidence_at"], "younger evidence")
        self.die_and_mend(server)
        down = wait_until(lambda: (lambda t: t if t["verdict"] == "up" else None)(self.target(server)), "it to be back")
        now = datetime.datetime.now(datetime.timezone.utc)
        ages = [moment(text) for text in (up["since"], up["evidence_at"], down["since"], down["evidence_at"])]
        self.assertEqual(ages, sorted(ages))
        self.assertTrue(before.replace(microsecond=0) <= ages[0] and ages[-1] <= now)


class Restart(E2eCase):
    # Nobody is down by this check within a minute: what is known after a restart comes from before it.
    SLOW = {"interval": "1m", "timeout": "1s", "fall": 3, "confirm_interval": "30s"}

    def serve(self, check):
        return self.gslbd(zones=[zone({"www": {"pool": "www"}})], state_dir="state", start_grace="0s",
                          checks={"web": {"type": "tcp", "port": self.one.port, **check}},
                          pools={"www": {"alive": "web", "members": members(ONE, TWO)}})

    def setUp(self):
        super().setUp()
        (self.dir / "state").mkdir()
        self.one, self.two = self.sites(ONE, TWO)

    def test_a_dead_site_is_not_brought_back_by_a_restart(self):
        kept = self.dir / "state/verdicts.json"
        for end in ("stop", "kill"):
            server = self.serve(FAST)
            self.two.kill()
            self.wait_addresses(server, "www.example.com", [ONE])
            if end == "kill":  # nothing can be written any more: what has been written must do
                wait_until(lambda: kept.exists() and '"down"' in kept.read_text(), "the verdict on disk")
            getattr(server, end)()
            again = self.serve(self.SLOW)
            self.assertEqual(self.addresses(again, "www.example.com"), [ONE])
            again.stop()
            kept.unlink()

    def test_without_state_a_restart_knows_nothing(self):
        self.two.kill()
        server = self.serve(self.SLOW)
        self.assertEqual(self.addresses(server, "www.example.com"), [ONE, TWO])

    def test_a_damaged_file_is_set_aside(self):
        (self.dir / "state/verdicts.json").write_text("{")
        server = self.serve(FAST)
        server.wait_line(r"verdicts\.json cannot be used")
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.assertEqual((self.dir / "state/verdicts.json.damaged").read_text(), "{")


if __name__ == "__main__":
    unittest.main()
