# SPDX-License-Identifier: Apache-2.0
"""The two shows: ./dev demo as it is, and docker/compose.yaml with a network namespace for each container."""

import re
import shutil
import signal
import subprocess
import sys
import unittest

from case import E2eCase, needs_network
from dns_client import dig_short
from network import Namespace, Network
from processes import ROOT, gslbd_binary
from waiting import wait_until

SITES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]


def demo_command(*options):
    return [sys.executable, str(ROOT / "docker/demo.py"), "--server", gslbd_binary(), *options]


@needs_network
class Demo(unittest.TestCase):
    def setUp(self):
        self.host = Namespace("demo")
        self.addCleanup(self.host.close)

    def assert_nothing_left(self):
        wait_until(lambda: not self.host.pids(), "every process of the demo to end")

    def test_the_show(self):
        done = self.host.run(*demo_command("--once"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"gone from the answers after \d+ ms")
        self.assertRegex(done.stdout, r"back in the answers after \d+ ms")
        self.assertIn("http://127.0.0.1:9153/", done.stdout)
        self.assertIn("dig @::1", done.stdout)
        shown = [sorted(re.findall(r"127\.0\.0\.1[123]$", part, re.MULTILINE))
                 for part in done.stdout.split("$ dig ")[1:]]
        self.assertEqual(shown, [SITES, SITES, [SITES[0], SITES[2]], SITES])
        self.assertNotIn("\033", done.stdout)
        self.assert_nothing_left()

    def start(self):
        show = subprocess.Popen([*self.host.prefix, *demo_command()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
        self.addCleanup(show.stdout.close)
        for line in show.stdout:
            if "Ctrl-C" in line:
                return show
        self.fail("the demo ended by itself")

    def test_it_runs_on_until_it_is_ended_and_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                show = self.start()
                self.assertEqual(dig_short(("::1", 5300), "www.example.com", prefix=self.host.prefix), SITES)
                show.send_signal(number)
                show.wait(30)
                self.assert_nothing_left()

    def test_a_taken_port_is_named(self):
        first = self.start()
        second = self.host.run(*demo_command("--once"))
        self.assertEqual(second.returncode, 1)
        self.assertIn("port 5300/udp on 127.0.0.1 cannot be had: Address already in use", second.stderr)
        first.send_signal(signal.SIGINT)
        first.wait(30)
        self.assert_nothing_left()


@needs_network
class Compose(E2eCase):
    """The files the containers mount, unchanged, on the addresses compose.yaml gives them."""

    def services(self):
        """{service: address} of compose.yaml."""
        found, service = [], None
        for line in (ROOT / "docker/compose.yaml").read_text().splitlines():
            if match := re.fullmatch(r"  (\w+):", line):
                service = match.group(1)
            elif match := re.fullmatch(r"        ipv4_address: (\S+)", line):
                found.append((service, match.group(1)))
        self.assertEqual([name for name, _ in found], ["gslbd", "fra", "nyc", "sin"])
        return dict(found)

    def test_the_scenario_with_a_namespace_for_each_container(self):
        services = self.services()
        network = Network()
        self.addCleanup(network.__exit__)
        hosts = {name: network.host(name, f"{address}/24") for name, address in services.items()}
        sites = {name: self.site(name, "0.0.0.0", 8080, hosts[name].prefix) for name in services if name != "gslbd"}
        config = shutil.copy(ROOT / "docker/gslbd.json", self.dir)
        shutil.copytree(ROOT / "docker/demo/zones", self.dir / "zones", dirs_exist_ok=True)
        server = self.gslbd(config, prefix=hosts["gslbd"].prefix)
        everyone = sorted(services[name] for name in sites)

        def answer():
            # from another container, as a client of the published port would
            return dig_short((services["gslbd"], 53), "www.example.com", prefix=hosts["fra"].prefix)
        wait_until(lambda: answer() == everyone, "three addresses")
        sites["nyc"].kill()
        wait_until(lambda: answer() == sorted(set(everyone) - {services["nyc"]}), "nyc to leave")
        sites["nyc"].start()
        wait_until(lambda: answer() == everyone, "nyc to return")
        scrape = hosts["sin"].run("curl", "-fsS", f"http://{services['gslbd']}:9153/metrics")
        self.assertIn("gslbd_queries_total", scrape.stdout, scrape.stderr)
        self.assertTrue(server.alive())


if __name__ == "__main__":
    unittest.main()
