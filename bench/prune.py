# SPDX-License-Identifier: Apache-2.0
"""Kill to prune: the time from the death of a site (nginx, killed) to the first answer without it, and back."""

import contextlib
import json
import tempfile
import time
from pathlib import Path

from dns_client import ask_udp
from machine import median, table
from processes import Gslbd, Site, free_port
from waiting import pause, wait_until

HELP = __doc__
ADDRESSES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
SETTINGS = {
    "defaults": {},
    "fast": {"interval": "200ms", "timeout": "150ms", "fall": 2, "rise": 2, "confirm_interval": "50ms"},
}


def measure(server, expected):
    began = time.monotonic()
    wait_until(lambda: sorted(ask_udp(server.endpoint, "www.example.com").addresses) == expected,
               f"the answer to be {expected}", every=0.001)
    return time.monotonic() - began


def one_setting(settings, runs):
    """[(seconds to leave, seconds to return)]"""
    with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory, contextlib.ExitStack() as stack:
        root = Path(directory)
        port = free_port(*ADDRESSES)
        sites = [stack.enter_context(Site(f"site{n}", address, port)) for n, address in enumerate(ADDRESSES)]
        (root / "zone.json").write_text(json.dumps(
            {"zone": "example.com", "records": {"@": {"NS": ["ns1.example.net.", "ns2.example.net."]},
                                                "www": {"pool": "www"}}}))
        (root / "gslbd.json").write_text(json.dumps(
            {"listen": ["127.0.0.1:0"], "zones": ["zone.json"], "admin": {"listen": "127.0.0.1:0"},
             "checks": {"web": {"type": "http", "port": port, "path": "/healthz", **settings}},
             "pools": {"www": {"alive": "web", "members": [{"address": address} for address in ADDRESSES]}}}))
        server = stack.enter_context(Gslbd(root / "gslbd.json"))
        measure(server, ADDRESSES)
        found = []
        for number in range(runs):
            # Spread over the interval, so that a kill meets every phase of the schedule.
            pause(0.1 + 0.37 * number % 2.0)
            sites[1].kill()
            out = measure(server, [ADDRESSES[0], ADDRESSES[2]])
            sites[1].start()
            found.append((out, measure(server, ADDRESSES)))
        return found


def run(options):
    runs = 2 if options.quick else max(options.rounds, 10)
    result, rows = {}, []
    for label, settings in SETTINGS.items():
        found = one_setting(settings, runs)
        out, back = zip(*found)
        result[label] = {"out_s": out, "back_s": back}
        rows.append([label, runs, f"{median(out) * 1e3:.0f}", f"{max(out) * 1e3:.0f}", f"{median(back) * 1e3:.0f}",
                     f"{max(back) * 1e3:.0f}"])
    print("\nKill to prune by refused connection, http check, polled every millisecond (times in ms)")
    table(["settings", "runs", "out: median", "max", "back: median", "max"], rows)
    return result
