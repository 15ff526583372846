# SPDX-License-Identifier: Apache-2.0
"""The workloads: what is served, what is asked, and who can do it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import questions
import zone_data

STATIC = ("gslbd", "gdnsd", "knot", "nsd", "pdns")
DYNAMIC = ("gslbd", "gdnsd", "pdns")

RATE = frozenset({"rate"})
COUNTED = RATE | {"instructions"}
EVERYTHING = COUNTED | {"bursts", "latency", "batches"}


@dataclass(frozen=True)
class Pools:
    """p0, p1, ...: each a set of addresses that are checked; `kind` is rotated, weighted or failover."""

    kind: str
    count: int = 8
    members: int = 4

    def names(self):
        return [f"p{number}" for number in range(self.count)]

    def addresses(self, number):
        return [f"127.7.{number}.{member + 1}" for member in range(self.members)]


@dataclass(frozen=True)
class Workload:
    name: str
    help: str
    names: int                    # how many there are of what is asked for
    owners: Callable              # what the zone holds, of so many names, as zone_data tells it
    ask: Callable                 # what is asked, of so many names, as questions tells it
    messages: int = 100_000       # how many questions there are; then they are asked again
    pools: Pools | None = None
    servers: tuple = STATIC
    load: tuple = ("--udp",)      # how gslbd_load asks, without the endpoint
    echo_size: int = 0            # octets of the echo's replies, where they are not those of the queries
    cookies: bool = False
    measures: frozenset = COUNTED

    @property
    def tcp(self):
        return self.load[0] == "--tcp"

    def tiny(self):
        """The same, so small that it measures nothing."""
        return dataclasses.replace(self, names=min(self.names, max(8, self.names // 100)),
                                   messages=max(100, self.messages // 100))


def hosts(name, help, **more):
    return Workload(name, help, more.pop("names", 100_000), zone_data.hosts, questions.hosts, **more)


def over_tcp(name, help, *load, **more):
    return hosts(name, help, load=("--tcp", "--connections", "50", *load), measures=RATE, **more)


def pools(name, help, kind, members=4, measures=COUNTED):
    return Workload(name, help, 8, lambda names: (), questions.among("p{0}"), 10_000, Pools(kind, members=members),
                    DYNAMIC, measures=measures)


def with_aliases(names):
    yield from zone_data.hosts(names)
    yield from zone_data.aliases(names // 10, names)


WORKLOADS = {each.name: each for each in (
    hosts("static", "100,000 names with an A record each, at random; 10 % of the questions NXDOMAIN",
          measures=EVERYTHING),
    hosts("million", "the same with 1,000,000 names", names=1_000_000, messages=500_000, measures=RATE),
    Workload("one", "one name, time and again", 1, zone_data.hosts, questions.among("n{0}"), 1_000,
             measures=EVERYTHING - {"latency", "batches"}),
    pools("pools", "8 pools of 4 members, all live, rotated", "rotated", measures=EVERYTHING),
    pools("weighted", "8 pools of 4 members, one of which is drawn by weight", "weighted"),
    pools("failover", "8 pools of a first and a second member", "failover", members=2),
    Workload("large", "answers of 1,200 octets: TXT, asked for with EDNS 1232", 1_000,
             lambda names: zone_data.texts(names, 1_140), questions.among("t{0}", "TXT", edns=True), 10_000,
             echo_size=1_200),
    Workload("wildcard", "random names under 1,000 wildcards", 1_000, zone_data.wildcards,
             questions.among("{1}.w{0}")),
    Workload("referral", "names under 1,000 delegations with glue", 1_000, zone_data.delegations,
             questions.among("www.d{0}"), 20_000),
    Workload("mixed", "hosts, CNAMEs, NODATA, NXDOMAIN; without EDNS, with it, with cookies of both kinds", 100_000,
             with_aliases, questions.mixed, cookies=True),
    over_tcp("tcp", "50 connections that stay, with a query each on its way"),
    over_tcp("tcp-pipelined", "50 connections that stay, with 10 queries each on their way", "--outstanding", "10"),
    over_tcp("tcp-idle", "as tcp, beside 10,000 connections that are idle", "--idle", "10000",
             servers=("gslbd", "gdnsd", "knot")),
    over_tcp("tcp-once", "a connection for each query", "--per-connection", "1"),
)}
