# SPDX-License-Identifier: Apache-2.0
"""Throughput and CPU per query of gslbd, gdnsd, NSD and Knot DNS on a zone of 100,000 names, in turns."""

import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

import zone_data
from machine import LOAD_CORE, median, pinned, table
from peers import SERVERS, Running, available

HELP = __doc__
REFERENCE = "gdnsd"


def dnsperf(port, questions, seconds):
    """(answered, lost, queries a second)"""
    command = pinned(LOAD_CORE, ["dnsperf", "-s", "127.0.0.1", "-p", port, "-d", questions, "-l", seconds, "-c", 8,
                                 "-T", 1, "-q", 192])
    output = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout

    def figure(label):
        return float(re.search(rf"{label}:\s+([\d.]+)", output).group(1))
    return int(figure("Queries completed")), int(figure("Queries lost")), figure("Queries per second")


def one_round(server, questions, seconds):
    user, system = server.process.cpu_seconds()
    completed, lost, rate = dnsperf(server.port, questions, seconds)
    user_after, system_after = server.process.cpu_seconds()
    return {"qps": rate, "lost": lost, "user_ns": (user_after - user) / completed * 1e9,
            "system_ns": (system_after - system) / completed * 1e9}


def run(options):
    names = 2_000 if options.quick else 100_000
    seconds = 1 if options.quick else options.seconds
    with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory, contextlib.ExitStack() as stack:
        root = Path(directory)
        zones = {"json": root / "zone.json", "master": root / "zone.master"}
        zone_data.write_json(zones["json"], names)
        zone_data.write_master(zones["master"], names)
        zone_data.write_questions(root / "questions", names)
        servers = [stack.enter_context(Running(name, root, zones)) for name in available(SERVERS)]
        rounds = {server.name: [] for server in servers}
        for server in servers:  # one round of warming up that does not count
            dnsperf(server.port, root / "questions", 1)
        for number in range(options.rounds):
            # Each round starts with another server, so that none always follows the same one.
            for server in servers[number % len(servers):] + servers[:number % len(servers)]:
                rounds[server.name].append(one_round(server, root / "questions", seconds))
    result = {name: {key: median([one[key] for one in found]) for key in found[0]} for name, found in rounds.items()}
    report(result, names, options.rounds, seconds)
    return {"names": names, "seconds": seconds, "medians": result, "rounds": rounds}


def report(result, names, rounds, seconds):
    print(f"\n{names:,} names, 10 % NXDOMAIN, dnsperf; medians of {rounds} rounds of {seconds} s, in turns. "
          "Server on one core, dnsperf on the other.")
    base = result.get(REFERENCE)

    def ratio(name, key):
        return f"{result[name][key] / base[key]:.2f}" if base and base[key] else "-"
    table(["server", "q/s", "user ns/q", "system ns/q", "lost", f"q/s : {REFERENCE}", f"user : {REFERENCE}",
           f"system : {REFERENCE}"],
          [[name, f"{found['qps']:,.0f}", f"{found['user_ns']:,.0f}", f"{found['system_ns']:,.0f}",
            f"{found['lost']:.0f}", ratio(name, "qps"), ratio(name, "user_ns"), ratio(name, "system_ns")]
           for name, found in result.items()])
    print("dnsperf itself is the limit near 140,000 q/s on this kind of machine: trust the CPU per query.")
