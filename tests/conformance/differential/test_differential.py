# SPDX-License-Identifier: Apache-2.0
"""gslbd, NSD and Knot DNS serve the same random zones and are asked the same random queries. What they say must be the
same, but for the differences that rules.py names with the RFC text that decides them.

GSLBD_QUERIES says how many queries (10,000), GSLBD_SEED repeats a run ("7") or one round of it ("7/3") with the same
number of queries.
`python3 test_differential.py --update` rewrites docs/reference/differences.md."""

import os
import random
import shutil
import sys
import tempfile
import time
import unittest
from contextlib import ExitStack
from pathlib import Path

import differences
from compare import OURS, Judge
from exchange import Exchange
from generate import make_world
from processes import ROOT
from queries import Asker
from servers import PEERS, Ours, Peer, missing, write_zones

QUERIES = int(os.environ.get("GSLBD_QUERIES", "10000"))
QUERIES_A_ROUND = 1250
SHOWN = 5
MOST_LINES = 60  # of gslbd's log, where a round ends early
PAGE = ROOT / "docs/reference/differences.md"


class Round:
    """One set of zones, served by all, and its share of the queries."""

    def __init__(self, seed, number):
        self.label = f"{seed}/{number}"
        self.number = number
        self.rng = random.Random(f"gslbd {self.label}")
        self.world = make_world(self.rng)
        self.problems = []
        self.log = []  # what gslbd says
        self.directory = Path(tempfile.mkdtemp(prefix="gslbd-differential-"))

    def run(self, count):
        """Compares `count` queries; the Judge tells what came of them. The zones stay on disk if anything differs."""
        files = write_zones(self.world, self.directory, imports=self.number % 3 == 2)
        sources = ["master", "exported"] if self.number % 2 else ["exported", "master"]
        with ExitStack() as stack:
            servers = {OURS: stack.enter_context(Ours(self.directory))}
            self.log = servers[OURS].lines
            for peer, source in zip(PEERS, sources):
                servers[peer] = stack.enter_context(Peer(peer, self.directory / peer, files[source]))
            exchange = Exchange({name: server.endpoint for name, server in servers.items()})
            stack.callback(exchange.close)
            judge = Judge(self.world, exchange)
            asker = Asker(self.rng, self.world)
            for query, octets in exchange.ask_all(asker.queries(count)):
                for problem in judge.judge(query, octets):
                    self.problems.append(f"{query}: {problem}")
        if not self.problems:
            shutil.rmtree(self.directory)
        return judge

    def report(self, with_zones):
        zones = "\n".join(path.read_text() for path in sorted((self.directory / "json").iterdir()) if with_zones)
        shown = "\n\n".join(self.problems[:SHOWN])
        return (f"{len(self.problems)} mismatches; GSLBD_SEED={self.label} GSLBD_QUERIES={QUERIES} repeats them; "
                f"the zones, kept in {self.directory}:\n{zones}\n{shown}")


class Differential(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if missing():
            raise AssertionError(missing())

    def rounds(self):
        """(seed, number, queries) of every round."""
        given = os.environ.get("GSLBD_SEED", str(random.SystemRandom().getrandbits(32)))
        seed, _, only = given.partition("/")
        shares = [min(QUERIES_A_ROUND, QUERIES - at) for at in range(0, QUERIES, QUERIES_A_ROUND)]
        print(f"\nGSLBD_SEED={given}: {QUERIES} queries in {len(shares)} rounds", flush=True)
        rounds = [(seed, *share) for share in enumerate(shares)]
        return [this for this in rounds if this[1] == int(only)] if only else rounds

    def test_nsd_and_knot_dns_say_the_same(self):
        began, fired, asked, failed = time.monotonic(), {}, 0, []
        for seed, number, count in self.rounds():
            this = Round(seed, number)
            with self.subTest(round=this.label):
                try:
                    judge = this.run(count)
                except (OSError, AssertionError) as error:
                    log = "\n".join(this.log[-MOST_LINES:])
                    raise AssertionError(
                        f"GSLBD_SEED={this.label}, zones in {this.directory}: {error}; gslbd says:\n{log}") from error
                asked += count
                for key, times in judge.fired.items():
                    fired[key] = fired.get(key, 0) + times
                first = not failed
                failed += this.problems
                if this.problems:
                    self.fail(this.report(with_zones=first))
        print(f"{asked} queries to each server in {time.monotonic() - began:.0f} s: {len(failed)} mismatches")
        for (peer, rule), times in sorted(fired.items(), key=lambda item: -item[1]):
            print(f"  {times:6} {peer:5} {rule}")

    def test_the_page_of_differences_shows_the_rules(self):
        self.assertEqual(PAGE.read_text(), differences.page(), "run test_differential.py --update")


if __name__ == "__main__":
    if "--update" in sys.argv:
        PAGE.write_text(differences.page())
    else:
        unittest.main()
