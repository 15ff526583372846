# SPDX-License-Identifier: Apache-2.0
"""Held connections: the death of a server is noticed long before the next probe is due, and nothing else is."""

import socket
import subprocess
import threading
import unittest

from case import E2eCase, members, zone
from waiting import stays, wait_until

ONE, TWO = "127.0.0.11", "127.0.0.12"
# The interval is longer than any test waits: what is noticed was noticed by the held connection.
RARE = {"type": "tcp", "interval": "1m", "timeout": "1s", "rise": 1, "fall": 2, "confirm_interval": "100ms",
        "hold": True}


def established(address, port):
    """Whether this host has a connection to that server."""
    listing = subprocess.run(["ss", "-Htn", "state", "established", "dst", f"{address}:{port}"], capture_output=True,
                             text=True, check=True).stdout
    return bool(listing.strip())


class Acceptor:
    """A site that accepts and says nothing."""

    def __init__(self, address):
        self.address, self.accepted, self._open, self._over = address, 0, [], False
        self._socket = socket.create_server((address, 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            connection, _ = self._socket.accept()
            self._open.append(connection)
            self.accepted += 1
            if self._over:
                return

    def hang_up(self):
        """Closes every connection, and goes on accepting."""
        for connection in list(self._open):
            self._open.remove(connection)
            connection.close()

    def stop(self):
        self._over = True
        socket.create_connection((self.address, self.port)).close()
        self._thread.join()
        self.hang_up()
        self._socket.close()


class Hold(E2eCase):
    def watch(self, sites):
        """A running server that holds a connection to each site."""
        checks = {"c": {**RARE, "port": sites[0].port}}
        pools = {"www": {"alive": "c", "members": members(*(s.address for s in sites)), "when_all_down": "nodata"}}
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})], checks=checks, pools=pools)
        self.wait_addresses(server, "www.example.com", [s.address for s in sites])
        for site in sites:
            wait_until(lambda s=site: established(s.address, s.port), f"a connection to {site.address}")
        return server

    def test_a_killed_site_is_out_at_once(self):
        one, two = self.sites(ONE, TWO)
        server = self.watch([one, two])
        one.kill()
        self.wait_addresses(server, "www.example.com", [TWO])

    def test_a_connection_that_ends_while_the_site_lives_changes_nothing(self):
        site = Acceptor(ONE)
        self.addCleanup(site.stop)
        server = self.watch([site])
        before = site.accepted
        site.hang_up()
        # A probe at once, and the connection anew.
        wait_until(lambda: site.accepted >= before + 2, "a probe and a new connection")
        stays(lambda: self.addresses(server, "www.example.com") == [ONE], "the address", 0.3)


if __name__ == "__main__":
    unittest.main()
