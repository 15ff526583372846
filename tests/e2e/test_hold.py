# SPDX-License-Identifier: Apache-2.0
"""Connections that stay. Held ones: the death of a server is noticed long before the next probe is due, and nothing
else is. Idle ones: there are enough for all."""

import socket
import subprocess
import threading
import unittest

from case import E2eCase, members, needs_network, zone
from certificates import Certificate
from network import Network
from processes import ROOT, Process, Site, free_port
from waiting import stays, wait_until

ONE, TWO = "127.0.0.11", "127.0.0.12"
DEBIAN_PYTHON = "/usr/bin/python3"
# The interval is longer than any test waits: what is noticed was noticed by the held connection.
RARE = {"type": "tcp", "interval": "1m", "timeout": "1s", "rise": 1, "fall": 2, "confirm_interval": "100ms",
        "hold": True}


def established(address, port):
    """How many connections this host has to that server; without an address, to that port."""
    to = f"{address}:{port}" if address else f":{port}"
    listing = subprocess.run(["ss", "-Htn", "state", "established", "dst", to], capture_output=True, text=True,
                             check=True).stdout
    return len(listing.splitlines())


def can_connect(address, port):
    with socket.socket() as sock:
        return sock.connect_ex((address, port)) == 0


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


class Reuse(E2eCase):
    def test_idle_connections_may_have_half_of_the_descriptors(self):
        sites = [f"127.0.4.{number}" for number in range(1, 121)]
        port = free_port(*sites)
        listen = " ".join(f"listen {address}:{port};" for address in sites)
        self.write("nginx.conf", Site.FRAME.format(dir=self.dir, server=f"server {{ {listen} return 200 ok; }}"))
        nginx = Process(["nginx", "-p", str(self.dir), "-e", "stderr", "-c", str(self.dir / "nginx.conf")])
        self.addCleanup(nginx.kill)
        check = {"type": "http", "port": port, "reuse": True, "interval": "500ms", "timeout": "500ms", "rise": 1}
        path = self.configure(zones=[zone({"www": {"pool": "www"}})], checks={"c": check},
                              pools={"www": {"alive": "c", "members": members(*sites)}})
        self.gslbd(path, prefix=["prlimit", "--nofile=300:300"])
        wait_until(lambda: established(None, port) == len(sites), "an idle connection to every site")


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

    def test_every_type_that_can_hold_does(self):
        certificate = Certificate(self.dir, addresses=[ONE])
        plain, secure = free_port(ONE), free_port(ONE)
        sites = [self.site("plain", ONE, plain), self.site("secure", ONE, secure, certificate=certificate)]
        trusting = {"ca_file": str(certificate.file)}
        checks = {"tcp": {"port": plain}, "http": {"port": plain, "path": "/healthz"},
                  "tls": {"port": secure, **trusting}, "https": {"port": secure, "path": "/healthz", **trusting}}
        connections = {plain: 2, secure: 2}
        grpc = self.grpc_server()
        if grpc:
            sites.append(grpc)
            checks["grpc"] = {"port": grpc.port}
            connections[grpc.port] = 1
        server = self.gslbd(
            zones=[zone({name: {"pool": name} for name in checks})],
            checks={name: {**RARE, "type": name, **check} for name, check in checks.items()},
            pools={name: {"alive": name, "members": members(ONE), "when_all_down": "nodata"} for name in checks})
        for name in checks:
            self.wait_addresses(server, f"{name}.example.com", [ONE])
        for port, number in connections.items():
            wait_until(lambda p=port, n=number: established(ONE, p) == n, f"{number} connections to {ONE}:{port}")
        for site in sites:
            site.kill()
        for name in checks:
            self.wait_addresses(server, f"{name}.example.com", [])

    def grpc_server(self):
        """A running gRPC server on ONE; None without python3-grpcio, which only Debian's own Python has."""
        if subprocess.run([DEBIAN_PYTHON, "-c", "import grpc"], capture_output=True, check=False).returncode != 0:
            return None
        port = free_port(ONE)
        grpc = Process([DEBIAN_PYTHON, "-B", str(ROOT / "tests/health/http/grpc_peer.py"), f"{ONE}:{port}"])
        self.addCleanup(grpc.kill)
        grpc.port = port
        wait_until(lambda: can_connect(ONE, port), "the gRPC server to listen")
        return grpc

    def test_a_connection_that_ends_while_the_site_lives_changes_nothing(self):
        site = Acceptor(ONE)
        self.addCleanup(site.stop)
        server = self.watch([site])
        before = site.accepted
        site.hang_up()
        # A probe at once, and the connection anew.
        wait_until(lambda: site.accepted >= before + 2, "a probe and a new connection")
        stays(lambda: self.addresses(server, "www.example.com") == [ONE], "the address", 0.3)

    @needs_network
    def test_a_host_that_falls_silent_is_noticed_by_lost_keep_alives(self):
        network = Network()
        self.addCleanup(network.__exit__)
        home, fra = network.host("gslbd", "10.54.0.2/24"), network.host("fra", "10.54.0.11/24")
        self.site("fra", "10.54.0.11", 80, fra.prefix)
        # Probes alone would not take it down: the connection must go first.
        check = {**RARE, "port": 80, "interval": "1s", "fall": 100}
        path = self.configure(zones=[zone({"www": {"pool": "www"}})], checks={"c": check}, isolation=False,
                              pools={"www": {"alive": "c", "members": members("10.54.0.11")}})
        server = self.gslbd(path, prefix=home.prefix)
        wait_until(lambda: "10.54.0.11:80" in home.run("ss", "-Htn", "state", "established").stdout, "a connection")
        fra.swallow("10.54.0.2/32")
        wait_until(lambda: any("held connection lost (no answer to keep-alives)" in line for line in server.lines),
                   "the loss of the connection to be noticed")


if __name__ == "__main__":
    unittest.main()
