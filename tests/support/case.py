# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a directory of their own, a configuration to start from, the programs they start."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import network
from dns_client import ask_tcp, ask_udp
from processes import Gslbd, Site, free_port, gslbd_binary
from waiting import wait_until

# Detects a refused connection in under 350 ms.
FAST = {"interval": "200ms", "timeout": "150ms", "rise": 2, "fall": 2, "confirm_interval": "50ms"}

needs_network = unittest.skipIf(network.why_not(), network.why_not())


def zone(records, name="example.com", **more):
    """A zone file's content with the apex every zone needs."""
    apex = {"@": {"NS": ["ns1", "ns2"]}, "ns1": {"A": "192.0.2.1"}, "ns2": {"A": "192.0.2.2"}}
    return {"zone": name, "ttl": "5m", **more, "records": {**apex, **records}}


def members(*addresses):
    return [{"address": address} for address in addresses]


class E2eCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="gslbd-e2e-")
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)
        (self.dir / "zones").mkdir()

    def write(self, path, content):
        """A file below the test's directory, replaced at once as an editor does; JSON unless `content` is text."""
        target = self.dir / path
        fresh = target.with_name(target.name + ".new")
        fresh.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        fresh.replace(target)
        return target

    def configure(self, zones=(), patterns="zones/*.json", **settings):
        """Writes gslbd.json and its zones. Every port is the kernel's choice."""
        for content in zones:
            self.write(f"zones/{content['zone'].rstrip('.') or 'root'}.json", content)
        config = {"listen": ["127.0.0.1:0"], "zones": [patterns], "admin": {"listen": "127.0.0.1:0"}, **settings}
        return self.write("gslbd.json", config)

    def gslbd(self, *arguments, **settings):
        """A running server: of a configuration file, or of what `configure` makes of the settings."""
        prefix = settings.pop("prefix", ())
        path = arguments[0] if arguments else self.configure(**settings)
        server = Gslbd(path, prefix)
        self.addCleanup(server.stop)
        return server

    def sites(self, *addresses):
        """Running sites on these addresses, all on the same port."""
        port = free_port(*addresses)
        return [self.site(f"site{number}", address, port) for number, address in enumerate(addresses, 1)]

    def site(self, name, address, port, prefix=(), certificate=None):
        site = Site(name, address, port, prefix, certificate)
        self.addCleanup(site.__exit__)
        return site

    def run_gslbd(self, *arguments, **options):
        """The finished `gslbd arguments`, with its output as text."""
        return subprocess.run([gslbd_binary(), *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, **options)

    # --- answers ---

    def addresses(self, server, name, rr_type="A"):
        return sorted(ask_udp(server.endpoint, name, rr_type).addresses)

    def wait_addresses(self, server, name, expected, rr_type="A"):
        """Until the answer has exactly these addresses."""
        seen = []

        def matches():
            seen[:] = self.addresses(server, name, rr_type)
            return seen == sorted(expected)
        try:
            wait_until(matches, f"{name} {rr_type} to be {sorted(expected)}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it was {seen}; the log:\n" + "\n".join(server.lines)) from None

    def everywhere(self, server, name, rr_type="A"):
        """The addresses by every way in: each endpoint, UDP and TCP. They must agree."""
        answers = {tuple(sorted(ask(endpoint, name, rr_type).addresses))
                   for endpoint in server.endpoints for ask in (ask_udp, ask_tcp)}
        self.assertEqual(len(answers), 1, f"the ways in disagree: {answers}")
        return list(answers.pop())
