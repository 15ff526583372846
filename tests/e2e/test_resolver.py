# SPDX-License-Identifier: Apache-2.0
"""A real recursive resolver (unbound) walks from the root through our delegation to our pool."""

import shutil
import unittest

from case import FAST, E2eCase, members, needs_network, zone
from dns_client import dig, dig_short
from network import Namespace
from processes import Process
from waiting import wait_until

RESOLVER = ("127.0.0.1", 53)
PARENT, CHILD = "127.0.0.2", "127.0.0.3"

UNBOUND = """server:
  interface: 127.0.0.1
  do-not-query-localhost: no
  do-daemonize: no
  do-ip6: no
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: "{dir}/unbound.pid"
  use-syslog: no
  logfile: ""
  module-config: "iterator"
  local-zone: "test." nodefault
  root-hints: "{dir}/root.hints"
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
remote-control:
  control-enable: no
"""


@needs_network
@unittest.skipUnless(shutil.which("unbound"), "unbound is not installed")
class Resolver(E2eCase):
    def setUp(self):
        super().setUp()
        self.host = Namespace("resolver")
        self.addCleanup(self.host.close)
        self.parent()
        self.child()
        self.write("root.hints", f". 3600 NS a.root.\na.root. 3600 A {PARENT}\n")
        config = self.write("unbound.conf", UNBOUND.format(dir=self.dir))
        resolver = Process([*self.host.prefix, "unbound", "-d", "-c", str(config)])
        self.addCleanup(resolver.stop)
        resolver.wait_line("start of service")

    def parent(self):
        """The root, and test. below it: one gslbd serves both; gslb.test. is delegated to the other."""
        root = {"zone": ".", "ttl": "5m", "soa": {"mname": "a.root.", "rname": "hostmaster.root."},
                "records": {"@": {"NS": "a.root."}, "a.root": {"A": PARENT},
                            "test": {"NS": "ns.test."}, "ns.test": {"A": PARENT}}}
        test = {"zone": "test", "ttl": "5m", "soa": {"mname": "ns", "rname": "hostmaster"},
                "records": {"@": {"NS": "ns"}, "ns": {"A": PARENT}, "www": {"CNAME": "www.gslb"},
                            "gslb": {"NS": "ns.gslb"}, "ns.gslb": {"A": CHILD}}}
        self.write("parent/root.json", root)
        self.write("parent/test.json", test)
        path = self.write("parent.json", {"listen": [f"{PARENT}:53"], "zones": ["parent/*.json"],
                                          "admin": {"listen": f"{PARENT}:0"}})
        self.gslbd(path, prefix=self.host.prefix)

    def write(self, path, content):
        (self.dir / path).parent.mkdir(exist_ok=True)
        return super().write(path, content)

    def child(self):
        addresses = ["127.0.0.11", "127.0.0.12"]
        self.one, self.two = (self.site(f"site{n}", address, 80, self.host.prefix)
                              for n, address in enumerate(addresses, 1))
        gslb = zone({"www": {"pool": "www"}, "*.dev": {"A": "192.0.2.9"}}, name="gslb.test")
        gslb["records"]["@"] = {"NS": "ns"}
        gslb["records"]["ns"] = {"A": CHILD}
        path = self.configure(zones=[gslb], listen=[f"{CHILD}:53"], admin={"listen": f"{CHILD}:0"},
                              checks={"web": {"type": "http", "path": "/healthz", **FAST}},
                              pools={"www": {"alive": "web", "ttl": "1s", "members": members(*addresses)}})
        self.gslbd(path, prefix=self.host.prefix)

    def resolve(self, *arguments):
        return dig_short(RESOLVER, *arguments, prefix=self.host.prefix)

    def test_the_resolver_follows_our_delegation_and_sees_the_failover(self):
        both = ["127.0.0.11", "127.0.0.12"]
        wait_until(lambda: self.resolve("www.gslb.test") == both, "the resolver to find both sites")
        self.assertEqual(self.resolve("www.test"), [*both, "www.gslb.test."])
        self.assertEqual(self.resolve("+tcp", "www.gslb.test"), both)
        self.assertEqual(self.resolve("anything.dev.gslb.test"), ["192.0.2.9"])
        self.assertIn("status: NXDOMAIN", dig(RESOLVER, "nothing.gslb.test", prefix=self.host.prefix))
        nodata = dig(RESOLVER, "www.gslb.test", "AAAA", prefix=self.host.prefix)
        self.assertIn("status: NOERROR", nodata)
        self.assertIn("ANSWER: 0", nodata)
        self.two.kill()
        wait_until(lambda: self.resolve("www.gslb.test") == both[:1], "the dead site to leave the resolver's answers")
        self.two.start()
        wait_until(lambda: self.resolve("www.gslb.test") == both, "the site to return")


if __name__ == "__main__":
    unittest.main()
