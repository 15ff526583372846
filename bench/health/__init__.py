# SPDX-License-Identifier: Apache-2.0
"""How soon gslbd, gdnsd and PowerDNS drop a dead site, also with 10,000 targets, and what their checks cost."""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from health import cost, deaths, servers
from machine import WATCH_CORE
from peers import available
from waiting import Timeout

HELP = __doc__

EXTRAS = ("hold", "reuse")  # options of http checks that older trees lack


class Bench:
    """What the parts share: where to write, which servers and options there are, how much to do."""

    def __init__(self, options, directory):
        self.directory = Path(directory)
        self.quick = options.quick
        self.runs = 1 if options.quick else 4 * options.rounds
        self.rounds = 1 if options.quick else min(options.rounds, 5)
        self.peers = [name for name in available(["gdnsd", "pdns"]) if name in options.servers]
        self.extras = [option for option in EXTRAS if servers.supports(self.directory, {option: True})]
        for option in EXTRAS:
            if option not in self.extras:
                print(f'this gslbd knows no "{option}": left out')

    def has(self, option):
        return option in self.extras


PARTS = {"beside": deaths.beside, "loaded": deaths.loaded, "hold": deaths.hold, "silent": deaths.silent,
         "cost": cost.run}


def attempt(part, bench):
    """One part. That it fails must not cost the figures of the others."""
    print(f"{time.strftime('%H:%M:%S')} {part} ...", file=sys.stderr, flush=True)
    try:
        return PARTS[part](bench)
    except (Timeout, SystemExit) as error:
        print(f"\n{part} FAILED: {error}")
        return {"failed": str(error)}


def run(options):
    files, cores = resource.getrlimit(resource.RLIMIT_NOFILE), os.sched_getaffinity(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))  # for the servers: 10,000 connections at once
    os.sched_setaffinity(0, {WATCH_CORE})
    try:
        with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory:
            bench = Bench(options, directory)
            return {part: attempt(part, bench) for part in options.parts}
    finally:
        os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_NOFILE, files)
