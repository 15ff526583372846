# SPDX-License-Identifier: Apache-2.0
"""User instructions per query, counted by valgrind's callgrind: the same for the same program on any machine.

A server runs twice. Both runs start, warm up and stop; the first one also answers the queries that count, the second
one is left alone for as long as that took. What they differ by is what the queries cost: neither the start nor checks
and timers that run beside are in it."""

import itertools
import tempfile
import time
from pathlib import Path

import questions
from generator import ask
from health.farm import Sites
from peers import Content, Running, available
from processes import free_port
from waiting import pause

WARM_UP, COUNTED = 5_000, 20_000  # no more questions than the first, so that PowerDNS has them in its cache
RARELY_S = 600  # a probe that is too late, as all are so slow, must not change what is answered
PATIENCE_S = 300  # callgrind makes a program about fifty times slower


def total(home):
    """The instructions of all processes that wrote down theirs."""
    lines = [line for path in home.glob("callgrind.*") for line in path.read_text().splitlines()
             if line.startswith(("totals:", "summary:"))]
    totals = [line for line in lines if line.startswith("totals:")]
    return sum(int(line.split()[1]) for line in totals or lines)


def one_run(name, root, content, workload, count, idle_s):
    """(instructions, seconds that the `count` queries took, how many were answered)"""
    before = ["valgrind", "--tool=callgrind", "--trace-children=yes", "-q", f"--callgrind-out-file={root}/callgrind.%p"]
    with Running(name, root, content, patience=PATIENCE_S, before=before) as server:
        def put(count):
            return ask(server.port, root / "questions", workload.load, "--count", str(count), "--seconds", "120",
                       "--timeout", "30")["answered"]
        put(WARM_UP)
        began = time.monotonic()
        answered = put(count) if count else 0
        took = time.monotonic() - began
        pause(0 if count else idle_s)
        server.process.stop()
        return total(root), took, answered


def of(name, workload, count):
    """Instructions per query of that server; None where nothing was answered."""
    found, took = [], 0.0
    for queries in (count, 0):
        with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory:
            root, check_port = Path(directory), free_port("127.0.0.1")
            content = Content.of(workload, root, check_port=check_port, interval_s=RARELY_S)
            questions.write(root / "questions", itertools.islice(questions.make(workload), WARM_UP))
            with Sites("0.0.0.0", check_port):
                instructions, took, answered = one_run(name, root, content, workload, queries, took)
            found.append((instructions, answered))
    (busy, answered), (idle, _) = found
    return (busy - idle) / answered if answered else None


def run(workload, options):
    counted = {name: of(name, workload, 1_000 if options.quick else COUNTED)
               for name in available(workload.servers) if name in options.servers}
    return {name: each for name, each in counted.items() if each is not None}
