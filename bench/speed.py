# SPDX-License-Identifier: Apache-2.0
"""One workload: answers a second and CPU per query against gdnsd, Knot DNS, NSD and PowerDNS, as shares of the echo."""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

import batches
import instructions
import questions
from generator import Echo, ask
from health.farm import Sites
from machine import median, table
from peers import Content, Running, available
from processes import free_port
from waiting import pause
from workloads import WORKLOADS

QUICK_SECONDS = 0.2
LATENCY_RATES = (5_000, 50_000)
ECHO, COALESCED, PEER = "echo", "echo coalesced", "gdnsd"


class Contest:
    """The servers of a workload at work, all at the same time; each is measured in its turn."""

    def __init__(self, workload, options, root, stack):
        self.workload, self.options = workload, options
        self.seconds = QUICK_SECONDS if options.quick else options.seconds
        check_port = free_port("127.0.0.1")
        if workload.pools:
            stack.enter_context(Sites("0.0.0.0", check_port))
        content = Content.of(workload, root, check_port=check_port)
        self.servers = [stack.enter_context(Running(name, root, content))
                        for name in available(workload.servers) if name in options.servers]
        questions.write(root / "questions", questions.make(workload))
        self.files = {server.name: root / "questions" for server in self.servers}
        for server in self.servers if workload.cookies else ():
            self.files[server.name] = root / f"questions-{server.name}"
            questions.write(self.files[server.name],
                            questions.make(workload, cookie=questions.server_cookie(server.port)))
        self.echoes = [stack.enter_context(Echo(root, coalesce, workload.echo_size, workload.tcp))
                       for coalesce in ((False,) if workload.tcp else (False, True))]
        self.files |= {echo.name: root / "questions" for echo in self.echoes}

    def contestants(self, measure):
        """Who takes part: the coalescing echo only where there are bursts to coalesce."""
        echoes = [echo for echo in self.echoes if echo.name == ECHO or measure == "bursts"]
        return [each for each in self.servers + echoes if each.process.alive()]

    def ask(self, server, *options, **more):
        return ask(server.port, self.files[server.name], self.workload.load, *options, **more)

    def warm_up(self):
        """Over UDP everything is asked once, for caches, but for no longer than a minute."""
        for server in self.contestants("rate"):
            self.ask(server, "--seconds", str(self.seconds if self.workload.tcp else 60),
                     "--count", str(self.workload.messages))
            if not server.process.alive():
                print(f"{server.name} died:\n{server.log.read_text()[-500:]}")

    def rate(self, server, *options):
        usage = []
        found = self.ask(server, "--seconds", str(self.seconds), *options,
                         ready=lambda: usage.append(server.process.cpu_seconds()))
        if not server.process.alive():
            return None
        (user, system), (user_after, system_after) = *usage, server.process.cpu_seconds()
        answered = max(1, found["answered"])
        self.settle(server)
        return {"per_second": found["per_second"], "user_ns": (user_after - user) / answered * 1e9,
                "system_ns": (system_after - system) / answered * 1e9, "lost": found["lost"],
                "refused": found["refused"], "generator_idle": found["idle"], "idle_held": found["idle_held"],
                "answer_octets": found["octets"] / answered, "p50_us": found["latency_us"]["p50"],
                **{f"rcode{code}": count / answered for code, count in found["rcodes"].items()}}

    def settle(self, server):
        """Waits until the server has cleared up what connections left, so that the next one has the core."""
        before, end = None, time.monotonic() + 5
        while self.workload.tcp and before != server.process.cpu_seconds() and time.monotonic() < end:
            before = server.process.cpu_seconds()
            pause(0.05)

    def latency(self, server, rate):
        found = self.ask(server, "--rate", str(rate), "--seconds", str(self.seconds))
        return {**found["latency_us"], "answered": found["answered"] / max(1, found["sent"])}

    def measure(self, what, server):
        if what == "latency":
            return {str(rate): self.latency(server, rate) for rate in LATENCY_RATES}
        return self.rate(server, *(["--bursts"] if what == "bursts" else []))

    def run(self, what):
        """{contestant: the figures of its rounds}; one that dies keeps those it has."""
        rounds = {server.name: [] for server in self.contestants(what)}
        for number in range(1 if self.options.quick else self.options.rounds):
            servers = self.contestants(what)
            turn = number % max(1, len(servers))  # so that none always follows the same one
            for server in servers[turn:] + servers[:turn]:
                figures = self.measure(what, server)
                if figures is None or not server.process.alive():
                    print(f"{server.name} died:\n{server.log.read_text()[-500:]}")
                else:
                    rounds[server.name].append(figures)
        return {name: found for name, found in rounds.items() if found}


def medians(rounds):
    keys = {key for each in rounds for key in each}
    return {key: median([each.get(key, 0) for each in rounds]) for key in sorted(keys)}


def run(name, options):
    workload, result = WORKLOADS[name].tiny() if options.quick else WORKLOADS[name], {}
    wanted = [each for each in ("rate", "bursts", "latency") if each in workload.measures & set(options.measures)]
    print(f"\n{name}: {workload.help}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory, contextlib.ExitStack() as stack:
        contest = Contest(workload, options, Path(directory), stack)
        if wanted:
            contest.warm_up()
        for what in wanted:
            print(f"{time.strftime('%H:%M:%S')} {name} {what} ...", file=sys.stderr, flush=True)
            rounds = contest.run(what)
            result[what] = {"rounds": rounds}
            if what != "latency":
                result[what]["medians"] = {server: medians(found) for server, found in rounds.items()}
    if "batches" in workload.measures & set(options.measures):
        result["batches"] = batches.run(workload, options, QUICK_SECONDS if options.quick else options.seconds)
    if "instructions" in workload.measures & set(options.measures):
        result["instructions"] = instructions.run(workload, options)
    report(result)
    return result


def report(result):
    counted = result.get("instructions", {})
    if "rate" in result or counted:
        rates(result.get("rate", {"medians": {}})["medians"], counted, ECHO)
    if "bursts" in result:
        print("bursts: several queries of one client arrive together, answers may leave together")
        rates(result["bursts"]["medians"], {}, COALESCED)
    if "batches" in result:
        batches.report(result["batches"])
    for rate in LATENCY_RATES if "latency" in result else ():
        print(f"latency at {rate:,} queries a second, us")
        latencies(result["latency"]["rounds"], str(rate))


def rates(found, counted, measure):
    def share(each, of):
        return f"{each['per_second'] / found[of]['per_second']:.2f}" if of in found else "-"

    def share_by_cpu(each, of):
        spent = each["user_ns"] + each["system_ns"]
        return f"{(found[of]['user_ns'] + found[of]['system_ns']) / spent:.2f}" if of in found and spent else "-"

    def cells(name):
        each = found.get(name)
        if not each:
            return ["-"] * 9
        return [f"{each['per_second']:,.0f}", share(each, measure), share_by_cpu(each, measure), share(each, PEER),
                f"{each['user_ns']:,.0f}", f"{each['system_ns']:,.0f}", f"{each['answer_octets']:.0f}",
                f"{each['lost'] + each['refused']:.0f}", f"{each['generator_idle']:.0%}"]
    table(["server", "answers/s", "of the echo", "by CPU", f"of {PEER}", "user ns", "system ns", "octets", "lost",
           "generator idle", "instructions"],
          [[name, *cells(name), f"{counted[name]:,.0f}" if name in counted else "-"]
           for name in [*found, *(each for each in counted if each not in found)]])


def latencies(rounds, rate):
    shares = ("p50", "p90", "p99", "p99.9", "max")
    table(["server", *shares, "answered"],
          [[name, *(f"{median([each[rate][share] for each in found]):,.0f}" for share in shares),
            f"{median([each[rate]['answered'] for each in found]):.2%}"] for name, found in rounds.items()])
