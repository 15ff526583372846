# SPDX-License-Identifier: Apache-2.0
"""What health checks cost: the CPU of gslbd while it probes 2,000 targets by http every second."""

import contextlib
import json
import re
import tempfile
import time
import urllib.request
from pathlib import Path

from machine import Pinned, median, table
from processes import Site, free_port, gslbd_binary
from waiting import pause, wait_until

HELP = __doc__


def configuration(root, count, port):
    addresses = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
    pools = {f"www{first}": {"alive": "web", "members": [{"address": each} for each in addresses[first:first + 200]]}
             for first in range(0, count, 200)}
    (root / "zone.json").write_text(json.dumps(
        {"zone": "example.com", "records": {"@": {"NS": ["ns1.example.net.", "ns2.example.net."]},
                                            **{name: {"pool": name} for name in pools}}}))
    (root / "gslbd.json").write_text(json.dumps(
        {"listen": ["127.0.0.1:0"], "zones": ["zone.json"], "admin": {"listen": "127.0.0.1:0"}, "watch": False,
         "checks": {"web": {"type": "http", "port": port, "path": "/healthz", "interval": "1s",
                            "expect": {"status": 200, "body": "ok"}}},
         "pools": pools}))


def probes(admin):
    """(probes in all, those that passed) by the server's own count."""
    with urllib.request.urlopen(admin + "/metrics", timeout=10) as response:
        found = re.findall(r'(?m)^gslbd_check_probes_total\{(.*)\} (\S+)$', response.read().decode())
    return (sum(float(value) for _, value in found),
            sum(float(value) for labels, value in found if 'outcome="pass"' in labels))


def run(options):
    count, seconds = (50, 2) if options.quick else (2000, 10)
    with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory, contextlib.ExitStack() as stack:
        root = Path(directory)
        port = free_port("127.0.0.1")
        stack.enter_context(Site("all", "0.0.0.0", port))
        configuration(root, count, port)
        server = stack.enter_context(Pinned([gslbd_binary(), "run", "-c", root / "gslbd.json"], root / "log"))

        def admin_address():
            if not server.alive():
                raise SystemExit((root / "log").read_text())
            return re.search(r"admin on (http://[^/\s]+)", (root / "log").read_text())
        admin = wait_until(admin_address, "the server to start").group(1)
        wait_until(lambda: probes(admin)[1] >= 2 * count, "two rounds of checks", timeout=60, every=0.2)
        rounds = []
        for _ in range(options.rounds):
            before, began = (probes(admin), server.cpu_seconds()), time.monotonic()
            pause(seconds)
            after, took = (probes(admin), server.cpu_seconds()), time.monotonic() - began
            done, passed = (after[0][i] - before[0][i] for i in (0, 1))
            cpu = sum(after[1]) - sum(before[1])
            rounds.append({"probes_a_second": done / took, "failed": done - passed, "core": cpu / took,
                           "us_a_probe": cpu / done * 1e6})
    result = {key: median([one[key] for one in rounds]) for key in rounds[0]}
    print(f"\n{count:,} http targets, interval 1 s, medians of {options.rounds} samples of {seconds} s")
    table(["targets", "probes/s", "failed", "of a core", "us/probe"],
          [[f"{count:,}", f"{result['probes_a_second']:,.0f}", f"{result['failed']:.0f}", f"{result['core']:.1%}",
            f"{result['us_a_probe']:.0f}"]])
    return {"targets": count, "median": result, "rounds": rounds}
