# SPDX-License-Identifier: Apache-2.0
"""A server that probes hostile sites among good ones: the good ones stay up and are probed in time, memory is bounded,
and of each hostile one it is said what is wrong with it."""

import re
import unittest
from pathlib import Path

from case import E2eCase, members, zone
from certificates import Certificate
from dns_client import ask_tcp
from hostile import (BOMB_2, CIRCLE, ENDLESS_BODY, ENDLESS_HEADER, FLOOD_2, GZIP_BOMB, PING_2, HostileSite, drip,
                     hang_up, rubbish, silence)
from processes import Process, Site, free_port, gslbd_binary
from waiting import wait_until

GOOD = [f"127.0.9.{number}" for number in range(1, 31)]
TWICE = range(2)
RHYTHM = {"interval": "400ms", "timeout": "400ms", "confirm_interval": "100ms", "rise": 1, "fall": 2}
PATIENT = {**RHYTHM, "interval": "5s", "timeout": "5s"}  # a machine that is slow for a while is no failure
TLS = {"type": "https", "tls_verify": False}
LARGE_BODY = {"type": "http", "expect": {"body": "nowhere in it"}}
NO_BODY_LIKE_IT = r'no "nowhere in it" in the first 65536 octets'
NO_TLS_END = r"connected after .*, then no end of the TLS handshake within 400ms"
NO_END_OF_FRAMES = r"1024 KiB came, and there is no end of the answer"

# name: (behaviour, whether after a TLS handshake, the check, what must be said of it)
KINDS = {
    "endless-body": (ENDLESS_BODY, None, LARGE_BODY, NO_BODY_LIKE_IT),
    "endless-header": (ENDLESS_HEADER, None, {"type": "http"}, r"the header is larger than 64 KiB"),
    "gzip-bomb": (GZIP_BOMB, None, LARGE_BODY, NO_BODY_LIKE_IT),
    "drip": (drip, None, {"type": "http"}, r"first octet after .*, then no end of the header within 400ms"),
    "circle": (CIRCLE, None, {"type": "http", "follow_redirects": 5}, r"redirects in a circle, back to /"),
    "rubbish": (rubbish, None, {"type": "tcp", "expect": "^hello"}, r"hello"),
    "tls-stall": (silence, None, TLS, NO_TLS_END),
    "tls-stall-2": (silence, None, {**TLS, "http_version": "2"}, NO_TLS_END),
    "tls-silence": (silence, [], TLS, r"TLS handshake after .*, then no answer to the request within 400ms"),
    "tls-silence-2": (silence, ["h2"], {**TLS, "http_version": "2"}, r"then no answer to the request within 400ms"),
    "certificate": (silence, [], {"type": "https"}, r"self-signed certificate"),
    "tls-reset": (hang_up, None, {"type": "tls"}, r"reset by the peer"),
    "full-queue": (None, None, {"type": "http"}, r"no connection within 400ms"),
    "flood-2": (FLOOD_2, None, {"type": "http", "http_version": "2"}, NO_END_OF_FRAMES),
    "bomb-2": (BOMB_2, None, {"type": "grpc"}, r"the header is larger than 64 KiB"),
    "ping-2": (PING_2, None, {"type": "grpc"}, r"HTTP/2: Flooding was detected|" + NO_END_OF_FRAMES),
}


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def is_sanitized():
    """Sanitizers keep what is freed, and are slow: memory and lateness say nothing then."""
    return any(name in Path(gslbd_binary()).read_bytes() for name in (b"__asan_init", b"__tsan_init"))


class Hostile(E2eCase):
    def good_sites(self):
        """Thirty addresses that are well; their port."""
        port = free_port(*GOOD)
        listen = " ".join(f"listen {address}:{port};" for address in GOOD)
        server = f"server {{ {listen} location / {{ return 200 ok; }} }}"
        self.write("nginx.conf", Site.FRAME.format(dir=self.dir, server=server))
        nginx = Process(["nginx", "-p", str(self.dir), "-e", "stderr", "-c", str(self.dir / "nginx.conf")])
        self.addCleanup(nginx.kill)
        return port

    def hostile_sites(self):
        """{name of the check: (site, check, what must be said)}"""
        certificate = Certificate(self.dir)
        sites = {}
        for kind, (behave, protocols, check, says) in KINDS.items():
            for number in TWICE:
                context = None if protocols is None else certificate.server_context(protocols)
                site = HostileSite(f"127.0.8.{len(sites) + 1}", behave, context)
                self.addCleanup(site.close)
                sites[f"{kind}.{number}"] = (site, {**RHYTHM, **check, "port": site.port}, says)
        return sites

    def start(self, port, sites):
        checks = {name: check for name, (_, check, _) in sites.items()}
        checks["good"] = {**PATIENT, "type": "http", "port": port}
        pools = {name: {"alive": name, "members": members(site.address)} for name, (site, _, _) in sites.items()}
        pools["good"] = {"alive": "good", "members": members(*GOOD), "when_all_down": "nodata"}
        records = {name: {"pool": name} for name in pools}
        return self.gslbd(zones=[zone(records)], checks=checks, pools=pools, isolation=False, start_grace="1m")

    def probes(self, server):
        """How many probes each check had, with what outcome: {check: {outcome: number}}"""
        counts = {}
        for name, value in server.metrics().items():
            match = re.match(r'gslbd_check_probes_total\{check="([^"]+)",.*outcome="([^"]+)"', name)
            if match and value:
                of_check = counts.setdefault(match.group(1), {})
                of_check[match.group(2)] = of_check.get(match.group(2), 0) + value
        return counts

    def wait_probes(self, server, checks, number):
        def enough():
            counts = self.probes(server)
            return all(sum(counts.get(check, {}).values()) >= number for check in checks)
        wait_until(enough, f"{number} probes of every check", timeout=60, every=0.2)

    def wait_reasons(self, server, sites):
        """Until of each it was said what is wrong with it; a machine that is slow may need several probes for that."""
        missing = {name: says for name, (_, _, says) in sites.items()}

        def said():
            for check in server.status()["checks"]:
                detail = check["last"]["detail"]
                if check["verdict"] == "down" and re.search(missing.get(check["check"], "$ never"), detail):
                    del missing[check["check"]]
            return not missing
        try:
            wait_until(said, "the reasons", timeout=60, every=0.2)
        except AssertionError:
            last = {c["check"]: c["last"]["detail"] for c in server.status()["checks"] if c["check"] in missing}
            raise AssertionError(f"said of them: {last}; wanted: {missing}") from None

    def test_hostile_sites_harm_nobody_but_themselves(self):
        port, sites = self.good_sites(), self.hostile_sites()
        server = self.start(port, sites)
        self.wait_probes(server, sites, 4)
        before = resident_kib(server.pid)
        self.wait_probes(server, sites, 14)
        after = resident_kib(server.pid)
        self.wait_reasons(server, sites)

        self.assertEqual(sorted(ask_tcp(server.endpoint, "good.example.com", "A").addresses), sorted(GOOD))
        counts = self.probes(server)
        self.assertLessEqual(set(counts["good"]), {"pass", "timeout"}, counts["good"])  # a slow machine's, not theirs
        self.assertEqual({c["verdict"] for c in server.status()["checks"] if c["check"] == "good"}, {"up"})
        for name in sites:
            self.assertNotIn("pass", counts[name], name)
        if not is_sanitized():
            metrics = server.metrics()
            began = metrics["gslbd_probe_lateness_seconds_count"]
            in_time = metrics['gslbd_probe_lateness_seconds_bucket{le="1"}']
            self.assertGreater(in_time, 0.5 * began, "probes waited for hostile sites")
            self.assertLess(after, 200 * 1024)
            self.assertLess(after - before, 32 * 1024)


if __name__ == "__main__":
    unittest.main()
