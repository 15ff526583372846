# SPDX-License-Identifier: Apache-2.0
"""What checks cost: CPU, memory and lateness while a server checks thousands of targets."""

import re
import time
import urllib.request

from dns_client import ask_udp
from health import servers
from health.farm import Sites
from health.servers import INTERVALS_S, ONCE_A_SECOND, Plan
from machine import median, table
from processes import free_port
from waiting import pause, wait_until

SECONDS = 10


def lateness_counts(server):
    """{bound in seconds: probes that were at most so late}; empty where the server does not tell."""
    admin = re.search(r"admin on (http://[^/\s]+)", server.log.read_text())
    if not admin:
        return {}
    with urllib.request.urlopen(admin.group(1) + "/metrics", timeout=30) as response:
        buckets = re.findall(r'(?m)^gslbd_probe_lateness_seconds_bucket\{.*?le="([^"]+)".*?\} (\S+)$',
                             response.read().decode())
    counts = {}
    for bound, count in buckets:
        counts[float(bound)] = counts.get(float(bound), 0.0) + float(count)  # float() reads "+Inf" too
    return counts


def lateness_s(before, after, percent):
    """The bound that `percent` of the probes between two scrapes kept; None without any."""
    counts = {bound: after[bound] - before.get(bound, 0.0) for bound in sorted(after)}
    whole = max(counts.values(), default=0)
    return next((bound for bound, count in counts.items() if whole and count >= whole * percent / 100), None)


def sample(server, farm, seconds):
    """Probes are counted where they arrive, so that every server is measured by the same count."""
    def now():
        return time.monotonic(), *farm.counts(), *server.process.cpu_seconds(), sum(farm.cpu_seconds())
    before = now()
    pause(seconds)
    took, probes, connections, user, system, sites = (last - first for first, last in zip(before, now()))
    return {"probes_a_second": probes / took, "connections_a_second": connections / took,
            "core": (user + system) / took, "us_a_probe": (user + system) / probes * 1e6,
            "user_us_a_probe": user / probes * 1e6, "sites_core": sites / took}


def one(bench, name, count, others_check):
    """The medians of one server with so many targets."""
    port = free_port("127.0.0.1")
    with Sites("0.0.0.0", port) as farm:
        plan = Plan(["127.2.0.1"], port, servers.loopbacks(count), port, ONCE_A_SECOND, others_check)
        with servers.start(name, bench.directory, plan) as server:
            if name == "pdns":
                for group in servers.pdns_groups(plan):
                    ask_udp(("127.0.0.1", server.port), f"{group}.{servers.ZONE}", timeout=10)
            wait_until(lambda: farm.counts()[0] >= (1 if bench.quick else 3) * count, "rounds of checks", 60, 0.1)
            lateness = lateness_counts(server)
            pause(0 if bench.quick else 2)  # what reading the metrics cost is not what checks cost
            samples = [sample(server, farm, 1 if bench.quick else SECONDS) for _ in range(bench.rounds)]
            result = {key: median([each[key] for each in samples]) for key in samples[0]}
            result["resident"] = server.process.resident_octets()
            result["late_p99_s"] = lateness_s(lateness, lateness_counts(server), 99)
            return {"targets": count, "interval_s": INTERVALS_S[name], **result, "samples": samples}


def run(bench):
    many, fewer = (50, 20) if bench.quick else (10_000, 1_000)
    plans = {"gslbd": ("gslbd", many, ONCE_A_SECOND)}
    if bench.has("reuse"):
        plans["gslbd reuse"] = ("gslbd", many, {**ONCE_A_SECOND, "reuse": True})
    sizes = {"gdnsd": many, "pdns": fewer}  # PowerDNS would need more than three cores for 10,000
    plans.update({name: (name, sizes[name], {}) for name in bench.peers})
    found = {label: one(bench, *plan) for label, plan in plans.items()}
    print(f"\nWhat http checks cost; medians of {bench.rounds} samples, the server on one core, the sites on another.\n"
          "sites: their share of their own core; late: what 99 % of the probes kept, by the server's own histogram")
    table(["server", "targets", "every", "probes/s", "connects/s", "of a core", "us/probe", "user us", "resident MB",
           "late p99 ms", "sites"],
          [[label, f"{each['targets']:,}", f"{each['interval_s']} s", f"{each['probes_a_second']:,.0f}",
            f"{each['connections_a_second']:,.0f}", f"{each['core']:.1%}", f"{each['us_a_probe']:.0f}",
            f"{each['user_us_a_probe']:.0f}", f"{each['resident'] / 1e6:.0f}",
            "-" if each["late_p99_s"] is None else f"<= {each['late_p99_s'] * 1e3:g}", f"{each['sites_core']:.1%}"]
           for label, each in found.items()])
    return found
