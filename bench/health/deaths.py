# SPDX-License-Identifier: Apache-2.0
"""From the death of a site to the first answer without it, and from its return to the first answer with it."""

import contextlib
import random

from dns_client import ask_udp
from health import servers
from health.farm import DEATHS, Sites
from health.servers import DEFAULTS, FAST, Plan
from health.watch import Watcher, wait_for
from machine import percentile, table
from processes import free_port
from waiting import Timeout, pause, wait_until

MEMBERS = ["127.2.0.1", "127.2.0.2", "127.2.0.3"]
VICTIM = MEMBERS[1]
# Nobody needs longer; who has not noticed by then is reported as never (null in the raw figures).
LIMIT_S = 15
# After its start a server has its first rounds of checks behind it.
SETTLED_S = 5
# A site that came back is held again within half a second; so young a connection is not what is measured.
HELD_AGAIN_S = 1.0
INFINITY = float("inf")


class Scene:
    """Three sites, one of which dies, and servers that check them all; `contestants` is {label: (server, plan's
    settings)}, `others` the number of further targets."""

    def __init__(self, bench, stack, contestants, others=0):
        port, others_port = free_port(*MEMBERS), free_port("127.0.0.1")
        sites = {address: stack.enter_context(Sites(address, port)) for address in MEMBERS}
        self.victim = sites[VICTIM]
        self.farm = stack.enter_context(Sites("0.0.0.0", others_port)) if others else None
        self.watchers = []
        self._chance = random.Random(1)
        self._phase_s, self._rest_s = 0.2, 0.0
        for label, (name, settings) in contestants.items():
            plan = Plan(MEMBERS, port, servers.loopbacks(others), others_port, **settings)
            server = stack.enter_context(servers.start(name, bench.directory, plan))
            if name == "pdns":  # it checks what it was asked for
                for group in servers.pdns_groups(plan):
                    ask_udp(("127.0.0.1", server.port), f"{group}.{servers.ZONE}", timeout=10)
            if name != "gslbd" or plan.check == DEFAULTS:
                self._phase_s = 2.0
            if plan.check.get("hold"):
                self._rest_s = HELD_AGAIN_S
            watcher = Watcher(label, server.port, servers.NAME)
            stack.callback(watcher.close)
            self.watchers.append(watcher)
        self._settle(others, 0.5 if bench.quick else SETTLED_S)

    def _settle(self, others, seconds):
        if others:
            wait_until(lambda: self.farm.counts()[0] >= 2 * others, "two rounds of the other checks", 60, 0.1)
        pause(seconds)
        self._everywhere()

    def _everywhere(self):
        missing = [label for label, at in wait_for(self.watchers, VICTIM, True, 2 * LIMIT_S).items() if at is None]
        if missing:
            raise Timeout(f"a living site is not in the answers of {', '.join(missing)}")

    def one(self, death):
        """{label: (seconds to leave, seconds to return)} of one death; None for what did not happen."""
        die, come_back = DEATHS[death]
        self._everywhere()
        pause(self._rest_s + self._chance.uniform(0, self._phase_s))  # a death meets every phase of the checks
        spans = []
        for act, present in ((die, False), (come_back, True)):
            at = act(self.victim)
            seen = wait_for(self.watchers, VICTIM, present, LIMIT_S)
            spans.append({label: moment and moment - at for label, moment in seen.items()})
        return {label: (spans[0][label], spans[1][label]) for label in spans[0]}


def measure(bench, contestants, kinds, runs, others=0):
    """{death: {label: {"out_s": [...], "back_s": [...]}}}"""
    with contextlib.ExitStack() as stack:
        scene = Scene(bench, stack, contestants, others)
        found = {}
        for death in kinds:
            samples = [scene.one(death) for _ in range(runs)]
            found[death] = {label: {"out_s": [sample[label][0] for sample in samples],
                                    "back_s": [sample[label][1] for sample in samples]} for label in contestants}
        return found


def in_order(spans):
    return sorted(INFINITY if span is None else span for span in spans)


def milliseconds(seconds):
    return "never" if seconds == INFINITY else f"{seconds * 1e3:,.0f}"


def report(found):
    rows = []
    for death, labels in found.items():
        for label, spans in labels.items():
            cells = [milliseconds(percentile(in_order(spans[way]), percent)) for way in ("out_s", "back_s")
                     for percent in (50, 99)]
            rows.append([f"{death}: {label}", len(spans["out_s"]), *cells])
    table(["death and server", "runs", "out: median", "p99", "back: median", "p99"], rows)


def gslbd(**check):
    return "gslbd", {"check": {**FAST, **check}}


def beside(bench):
    contestants = {"gslbd": gslbd()}
    if not bench.quick:
        contestants["gslbd defaults"] = "gslbd", {"check": DEFAULTS}
    if bench.has("hold"):
        contestants["gslbd hold"] = gslbd(hold=True)
    contestants.update({name: (name, {}) for name in bench.peers})
    found = measure(bench, contestants, ["killed"] if bench.quick else DEATHS, bench.runs)
    print(f"\nDeath to prune, http checks, all servers beside each other at the same deaths; milliseconds.\n"
          f"gslbd: {FAST}; gdnsd: interval 2 s, timeout 1 s; PowerDNS: interval 1 s, timeout 1 s (their fastest)")
    report(found)
    return found


def loaded(bench):
    """Each server in its turn: together they would need more than the machine has."""
    # PowerDNS would need more than three cores for 10,000.
    counts = {"gslbd": 50, "pdns": 20} if bench.quick else {"gslbd": 10_000, "gdnsd": 10_000, "pdns": 1_000}
    contestants = {"gslbd": gslbd()}
    if bench.has("reuse"):
        reusing = {"others_check": {**servers.ONCE_A_SECOND, "reuse": True}}
        contestants["gslbd reuse"] = "gslbd", {"check": FAST, **reusing}
        if bench.has("hold"):
            contestants["gslbd reuse hold"] = "gslbd", {"check": {**FAST, "hold": True}, **reusing}
    if bench.quick:  # the one with every option will do
        contestants = dict([contestants.popitem()])
    contestants.update({name: (name, {}) for name in bench.peers if name in counts})
    found, kinds = {}, ["frozen"] if bench.quick else DEATHS
    for label, contestant in contestants.items():
        others = counts[contestant[0]]
        for death, labels in measure(bench, {label: contestant}, kinds, bench.runs, others).items():
            found.setdefault(death, {})[f"{label}, {others:,}"] = labels[label]
    print("\nThe same while other targets are checked, once a second (gdnsd: every two), each server in its turn")
    report(found)
    return found


def hold(bench):
    if not bench.has("hold"):
        return None
    runs = 1 if bench.quick else 10 * bench.runs
    found = measure(bench, {"gslbd hold": gslbd(hold=True)}, ["killed"], runs)
    print("\nKill to prune with a held connection (\"hold\": true)")
    report(found)
    return found


def silent(bench):
    """Packets dropped: nobody is told, so the settings decide. They promise a bound."""
    found, rows = {}, []
    for label, check, runs in (("fast", FAST, 1 if bench.quick else 2 * bench.runs),
                               ("defaults", DEFAULTS, max(1, bench.runs // 2))):
        if bench.quick and check == DEFAULTS:
            continue
        spans = measure(bench, {"gslbd": ("gslbd", {"check": check})}, ["silent"], runs)["silent"]["gslbd"]["out_s"]
        bound, ordered = servers.detection_s(check), in_order(spans)
        found[label] = {"out_s": spans, "bound_s": bound}
        rows.append([label, runs, milliseconds(percentile(ordered, 50)), milliseconds(ordered[-1]),
                     milliseconds(bound), f"{ordered[-1] / bound:.2f}"])
    print("\nSilent death (packets dropped) against interval + timeout + confirmations; milliseconds")
    table(["settings", "runs", "median", "max", "configured", "max : configured"], rows)
    return found
