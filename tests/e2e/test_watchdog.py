# SPDX-License-Identifier: Apache-2.0
"""Threads that hang, one in each of three servers: the others notice, say so and go on; what the health thread said is
not believed for ever; and when the thread runs again, all is as before."""

import json
import re
import socket
import subprocess
import unittest

import hanging
from case import FAST, E2eCase, members, zone
from processes import gslbctl_binary
from waiting import PATIENCE_S, wait_until

ONE, TWO, THREE = "127.0.0.11", "127.0.0.12", "127.0.0.13"
NAME = "www.example.com"


class ServiceManager:
    """What systemd is for a service: a socket that hears of it."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        self.prefix = ("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=30000000")

    def news(self):
        """What has come since the last call."""
        heard = []
        while True:
            try:
                heard += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return heard

    def close(self):
        self._socket.close()


@unittest.skipIf(hanging.why_not(), hanging.why_not())
class Watchdog(E2eCase):
    def setUp(self):
        super().setUp()
        one, two, self.three = self.sites(ONE, TWO, THREE)
        two.kill()
        (self.dir / "state").mkdir()
        self.settings = self.configure(
            zones=[zone({"www": {"pool": "www"}})], workers=1,
            checks={"web": {"type": "http", "port": one.port, "path": "/healthz", **FAST}},
            pools={"www": {"alive": "web", "members": members(ONE, TWO, THREE)}})

    def serve(self, name, prefix=(), **more):
        settings = {**json.loads(self.settings.read_text()), **more}
        server = self.gslbd(self.write(f"{name}.json", settings), prefix=prefix)
        self.wait_addresses(server, NAME, [ONE, THREE])
        server.status()  # what the health thread knew last is what is shown when it hangs
        return server

    def hang(self, server, thread):
        hung = hanging.Hung(server.pid, thread)
        self.addCleanup(hung.release)
        return hung

    def stuck(self, server):
        """The names of the threads that the metrics say are stuck."""
        return [re.search(r'"(.*)"', key)[1] for key, value in server.metrics().items()
                if key.startswith("gslbd_thread_stuck{") and value == 1]

    def wait_stuck(self, server, thread):
        wait_until(lambda: self.stuck(server) == [thread], f"the thread {thread} to be missed", timeout=3 * PATIENCE_S,
                   every=0.1)
        self.assertEqual(server.get("/healthz"), (503, f"threads that do not run: {thread}\n"))
        server.wait_line(f"thread {thread} has not run for")

    def wait_well(self, server, thread, addresses):
        wait_until(lambda: self.stuck(server) == [], f"the thread {thread} to be back")
        self.assertEqual(server.get("/healthz"), (200, "ok\n"))
        self.wait_addresses(server, NAME, addresses)
        self.assertEqual(server.status()["stuck_threads"], [])

    def gslbctl_status(self, server):
        return subprocess.run([gslbctl_binary(), "-s", server.admin, "status"], capture_output=True, text=True,
                              timeout=30)

    def test_a_thread_that_hangs_is_missed_and_all_is_well_when_it_is_back(self):
        manager = ServiceManager(self.dir / "notify")
        self.addCleanup(manager.close)
        health = self.serve("health", manager.prefix, state_dir="state")
        main, dns = self.serve("main"), self.serve("dns")
        wait_until(lambda: "WATCHDOG=1" in manager.news(), "the service manager to hear that all threads run")
        # All three at once, so that their times run together.
        hung = {server: self.hang(server, thread)
                for server, thread in ((health, "health"), (main, "main"), (dns, "gslbd-dns"))}
        with self.subTest("a DNS worker"):
            self.check_dns(dns, hung[dns])
        with self.subTest("the health thread: its alarm"):
            self.check_health_alarm(health, manager)
        with self.subTest("the main thread"):
            self.check_main(main, hung[main])
        with self.subTest("the health thread: its verdicts"):
            self.check_health_lost(health, hung[health], manager)

    def check_dns(self, server, hung):
        self.wait_stuck(server, "dns-1")
        self.assertEqual(server.status()["stuck_threads"], ["dns-1"])
        self.assertIn("ALARM stuck: the thread dns-1 does not run\n", self.gslbctl_status(server).stdout)
        hung.release()
        self.wait_well(server, "dns-1", [ONE, THREE])

    def check_health_alarm(self, server, manager):
        self.wait_stuck(server, "health")
        manager.news()
        self.assertEqual(server.metrics()['gslbd_prober_alarm{kind="stuck"}'], 1)
        self.assertIn("ALARM stuck: the health thread does not run", self.gslbctl_status(server).stdout)
        self.assertIn("stuck: the health thread does not run", server.get("/")[1])
        self.assertIn(ONE, self.addresses(server, NAME))

    # Nobody can give verdicts, forced states or reloads to the workers: they answer as before, and that is told.
    def check_main(self, server, hung):
        self.wait_stuck(server, "main")
        self.three.kill()
        wait_until(lambda: server.metrics()[f'gslbd_check_up{{check="web",target="{THREE}"}}'] == 0,
                   "the health thread to find the third site dead")
        self.assertNotIn("gslbd_config_generation", server.metrics())
        self.assertEqual(self.addresses(server, NAME), [ONE, THREE])
        self.assertEqual(server.get("/api/v1/status"), (503, "threads that do not run: main\n"))
        self.assertIn("HTTP 503: threads that do not run: main", self.gslbctl_status(server).stderr)
        hung.release()
        self.wait_well(server, "main", [ONE])
        self.assertIn("gslbd_config_generation", server.metrics())

    def check_health_lost(self, server, hung, manager):
        def all_unknown():
            return {check["verdict"] for check in server.status()["checks"]} == {"unknown"}
        wait_until(all_unknown, "the verdicts not to be believed any more", timeout=3 * PATIENCE_S, every=0.1)
        self.wait_addresses(server, NAME, [ONE, TWO, THREE])  # unknown counts as up
        self.assertFalse([key for key in server.metrics() if key.startswith("gslbd_check_up{")])
        self.assertEqual(server.metrics()['gslbd_pool_members{pool="www",state="unknown"}'], 3)
        self.assertRegex(self.gslbctl_status(server).stdout, rf"web +{TWO} +unknown .*  no evidence since 20\S+Z\n")
        self.assertNotIn("WATCHDOG=1", manager.news())
        hung.release()
        self.wait_well(server, "health", [ONE])
        self.assertEqual(server.metrics()['gslbd_prober_alarm{kind="stuck"}'], 0)
        wait_until(lambda: "WATCHDOG=1" in manager.news(), "the service manager to hear of it again")
        journal = json.loads(server.get("/api/v1/journal")[1])["entries"]
        self.assertEqual([entry["kind"] for entry in journal if "watched" in entry["kind"]], ["watched", "unwatched"])


if __name__ == "__main__":
    unittest.main()
