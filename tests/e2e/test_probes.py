# SPDX-License-Identifier: Apache-2.0
"""The checks of the types udp, dns, exec, push and file, against real servers and programs."""

import json
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from case import E2eCase, members, zone
from dns_client import ask_udp
from processes import Process, free_port
from waiting import wait_until

ONE, TWO = "127.0.0.11", "127.0.0.12"
QUICK = {"interval": "300ms", "timeout": "300ms", "rise": 1, "fall": 2, "confirm_interval": "50ms"}
TOKEN = "0123456789abcdef0123456789abcdef"

NSD = """server:
  ip-address: {address}@{port}
  server-count: 1
  database: ""
  username: ""
  chroot: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd"
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zone.list"
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: "{dir}/example.org"
"""

KNOT = """server:
  rundir: "{dir}"
  listen: {address}@{port}
database:
  storage: "{dir}"
zone:
  - domain: example.org
    file: "{dir}/example.org"
"""

UNBOUND = """server:
  interface: {address}
  port: {port}
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{dir}"
  pidfile: "{dir}/unbound.pid"
  local-zone: "example.org." static
  local-data: "example.org. 60 IN SOA ns1.example.org. host.example.org. 7 3600 600 86400 60"
  local-data: "www.example.org. 60 IN AAAA 2001:db8::7"
"""

ZONE = """$ORIGIN example.org.
$TTL 60
@ SOA ns1 host 7 3600 600 86400 60
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.1
www AAAA 2001:db8::7
alias CNAME www
"""


def service(check, *addresses, **more):
    """What a server needs to answer www.example.com with those of the addresses that the check finds alive."""
    return {"zones": [zone({"www": {"pool": "www"}})], "checks": {"c": {**QUICK, **check}},
            "pools": {"www": {"alive": "c", "members": members(*addresses), "when_all_down": "nodata"}}, **more}


class Probes(E2eCase):
    def detail(self, server, address):
        """What the status says of the last probe of that target."""
        for check in server.status()["checks"]:
            if check["target"] == address and check.get("last"):
                return check["last"].get("detail", "")
        return ""

    def script(self, name, text):
        path = self.write(name, "#!/bin/sh\n" + text)
        path.chmod(0o755)
        return name

    # --- exec and file ---

    def test_a_program_decides(self):
        self.write(ONE, "0")
        self.write(TWO, "0")
        name = self.script("probe", 'cd "$(dirname "$0")"; echo "for $GSLBD_ADDRESS"; exit "$(cat "$GSLBD_ADDRESS")"')
        server = self.gslbd(**service({"type": "exec", "command": [name]}, ONE, TWO))
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.write(ONE, "7")
        self.wait_addresses(server, "www.example.com", [TWO])
        self.assertEqual(self.detail(server, ONE), f"exit code 7: for {ONE}")
        self.write(ONE, "0")
        self.wait_addresses(server, "www.example.com", [ONE, TWO])

    def test_a_program_that_hangs_is_ended_and_its_target_taken_out(self):
        name = self.script("probe", f'''cd "$(dirname "$0")"
[ "$GSLBD_ADDRESS" = {TWO} ] && exit 0
trap '' TERM; sleep 1000 & echo $$ $! >> pids; while :; do wait; done''')
        server = self.gslbd(**service({"type": "exec", "command": [name], "timeout": "100ms"}, ONE, TWO))
        self.wait_addresses(server, "www.example.com", [TWO])
        self.assertEqual(self.detail(server, ONE), "the program still ran after 100ms")
        server.stop()
        pids = (self.dir / "pids").read_text().split()
        self.assertTrue(pids)
        wait_until(lambda: not any(Path("/proc", pid).exists() for pid in pids), "every program to be gone")

    def test_a_file_decides(self):
        (self.dir / "state").mkdir()
        self.write(f"state/{ONE}", "up\n")
        self.write(f"state/{TWO}", "up\n")
        server = self.gslbd(**service({"type": "file", "path": "state/{address}"}, ONE, TWO))
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.write(f"state/{TWO}", "down for repair\n")
        self.wait_addresses(server, "www.example.com", [ONE])
        self.assertEqual(self.detail(server, TWO), "the file says down: for repair")
        (self.dir / f"state/{ONE}").unlink()
        self.wait_addresses(server, "www.example.com", [])

    # --- push ---

    def beat(self, server, address, *arguments, check="c"):
        """The status and the JSON of a heartbeat that curl sends."""
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "10", "-X", "POST", "-w", "\n%{http_code}", *arguments,
             f"{server.admin}/api/v1/heartbeat/{check}/{address}"], capture_output=True, text=True, check=True)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), json.loads(body)

    def say(self, server, address, body, *arguments):
        return self.beat(server, address, "-H", "Content-Type: application/json", "-d", json.dumps(body), *arguments)

    def test_a_site_says_how_it_is(self):
        server = self.gslbd(**service({"type": "push", "within": "5m"}, ONE, TWO))
        self.assertEqual(self.beat(server, ONE), (200, {"check": "c", "target": ONE, "status": "up"}))
        self.assertEqual(self.say(server, TWO, {"status": "down", "detail": "moving"})[0], 200)
        self.wait_addresses(server, "www.example.com", [ONE])
        self.assertEqual(self.detail(server, TWO), "it says that it is down: moving")
        self.assertEqual(self.say(server, TWO, {"status": "up"})[0], 200)
        self.wait_addresses(server, "www.example.com", [ONE, TWO])

    def test_silence_takes_a_site_out(self):
        server = self.gslbd(**service({"type": "push", "within": "1s"}, ONE, TWO))

        def silent_one_is_out():
            self.beat(server, ONE)
            return self.addresses(server, "www.example.com") == [ONE]
        wait_until(silent_one_is_out, "the silent site to be out")
        self.assertRegex(self.detail(server, TWO), "no heartbeat since the start")
        self.beat(server, TWO)
        wait_until(lambda: TWO in self.addresses(server, "www.example.com"), "the site to be back")

    def test_only_known_targets_are_heard(self):
        server = self.gslbd(**service({"type": "push"}, ONE))
        self.assertEqual(self.beat(server, TWO)[0], 404)
        self.assertEqual(self.beat(server, ONE, check="other")[0], 404)
        self.assertEqual(self.beat(server, "nonsense")[0], 404)
        self.assertEqual(self.say(server, ONE, {"status": "sideways"})[0], 422)
        code, body = self.say(server, ONE, {"stat": "down"})
        self.assertEqual(code, 422)
        self.assertIn('did you mean "status"?', body["error"])
        self.assertEqual(self.beat(server, ONE, "-d", "{", "-H", "Content-Type: application/json")[0], 400)
        self.assertEqual(self.beat(server, ONE, "-H", "Origin: http://elsewhere.example")[0], 403)

    def test_a_token_opens_its_own_check_alone(self):
        self.write("c.token", TOKEN + "\n").chmod(0o600)
        self.write("admin.token", "a" * 32 + "\n").chmod(0o600)
        settings = service({"type": "push", "token_file": "c.token"}, ONE,
                           admin={"listen": "127.0.0.1:0", "token_file": "admin.token"})
        settings["checks"]["d"] = {**QUICK, "type": "push"}
        settings["pools"]["www"]["alive"] = {"all": ["c", "d"]}
        server = self.gslbd(**settings)
        self.assertEqual(self.beat(server, ONE)[0], 401)
        self.assertEqual(self.beat(server, ONE, "-H", "Authorization: Bearer wrong")[0], 401)
        own = ["-H", f"Authorization: Bearer {TOKEN}"]
        self.assertEqual(self.beat(server, ONE, *own)[0], 200)
        self.assertEqual(self.beat(server, ONE, *own, check="d")[0], 401)
        self.assertEqual(self.beat(server, ONE, "-H", "Authorization: Bearer " + "a" * 32, check="d")[0], 200)
        (self.dir / "c.token").unlink()
        self.assertEqual(self.beat(server, ONE, *own)[0], 401)

    # --- dns and udp ---

    def dns_server(self, program, template, address, port, *arguments):
        directory = self.dir / f"{program}-{address}"
        directory.mkdir()
        (directory / "example.org").write_text(ZONE)
        config = directory / "conf"
        config.write_text(template.format(address=address, port=port, dir=directory))
        server = Process([program, *arguments, "-c", str(config)])
        self.addCleanup(server.stop)

        def answers():
            self.assertTrue(server.alive(), "\n".join(server.lines))
            try:
                return ask_udp((address, port), "www.example.org", "AAAA", timeout=0.2).addresses == ["2001:db8::7"]
            except OSError:
                return False
        wait_until(answers, f"{program} to answer")
        return server

    def watch_server(self, check, program, template, *arguments):
        """The server is in the answers while it lives, over UDP and TCP."""
        if not shutil.which(program):
            self.skipTest(f"{program} is not installed")
        port = free_dns_port(ONE)
        peer = self.dns_server(program, template, ONE, port, *arguments)
        server = self.gslbd(**service({"type": "dns", "port": port, **check}, ONE, TWO))
        self.wait_addresses(server, "www.example.com", [ONE])
        self.assertEqual(self.detail(server, TWO), "connection refused")
        detail = self.detail(server, ONE)
        peer.stop()
        self.wait_addresses(server, "www.example.com", [])
        return detail

    def test_nsd(self):
        self.assertEqual(
            self.watch_server({"question": "example.org MX",
                               "expect": {"answer": "10 mail.example.org", "authoritative": True}},
                              "nsd", NSD, "-d"), "NOERROR: 10 mail.example.org.")

    def test_knot_over_tcp(self):
        self.assertEqual(
            self.watch_server({"question": "nothing.example.org", "tcp": True, "expect": {"rcode": "NXDOMAIN"}},
                              "knotd", KNOT), "NXDOMAIN")

    def test_unbound(self):
        self.assertEqual(
            self.watch_server({"question": "WWW.example.org AAAA", "expect": {"answer": "2001:DB8::7"}},
                              "unbound", UNBOUND, "-d"), "NOERROR: 2001:db8::7")

    @unittest.skipUnless(shutil.which("unbound"), "unbound is not installed")
    def test_a_datagram_in_hexadecimal(self):
        port = free_dns_port(ONE)
        peer = self.dns_server("unbound", UNBOUND, ONE, port, "-d")
        query = "0xabcd" "01000001000000000000" "03777777076578616d706c65036f7267" "00001c0001"
        check = {"type": "udp", "port": port, "send": query, "expect": r"^\xab\xcd[\x81\x85]"}
        server = self.gslbd(**service(check, ONE, TWO))
        self.wait_addresses(server, "www.example.com", [ONE])
        peer.stop()
        self.wait_addresses(server, "www.example.com", [])


def free_dns_port(address):
    """A port that is free for UDP and TCP."""
    for _ in range(100):
        port = free_port(address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((address, port))
                return port
            except OSError:
                continue
    raise AssertionError("no port is free for UDP and TCP")


if __name__ == "__main__":
    unittest.main()
