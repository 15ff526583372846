#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev bench: runs the benches, prints their tables, and keeps the raw figures in a JSON file.
bench/README.md has the method. An optimised build and an otherwise idle machine are assumed."""

import argparse
import functools
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests/support")]
sys.dont_write_bytecode = True

import health  # noqa: E402
import load  # noqa: E402
import machine  # noqa: E402
import reload  # noqa: E402
import speed  # noqa: E402
from workloads import STATIC, WORKLOADS  # noqa: E402

MEASURES = ("rate", "bursts", "latency", "batches", "instructions")
BENCHES = {**{name: functools.partial(speed.run, name) for name in WORKLOADS},
           "load": load.run, "reload": reload.run, "health": health.run}
GROUPS = {"speed": list(WORKLOADS)}


def words(text):
    return [word for word in text.split(",") if word]


def arguments():
    lines = [(name, each.help) for name, each in WORKLOADS.items()]
    lines += [("speed", "all of the above"), ("load", load.HELP), ("reload", reload.HELP), ("health", health.HELP)]
    parser = argparse.ArgumentParser(
        prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Benches:\n" + "\n".join(f"  {name:14} {text.strip()}" for name, text in lines))
    parser.add_argument("names", nargs="*", metavar="name", help="the benches to run (default: all)")
    parser.add_argument("-n", "--rounds", type=int, default=5, help="rounds (default 5; medians are printed)")
    parser.add_argument("-l", "--seconds", type=float, default=2, help="seconds of a round (default 2)")
    parser.add_argument("--quick", "--smoke", action="store_true",
                        help="tiny sizes: shows that they work, measures nothing")
    parser.add_argument("--measures", type=words, default=list(MEASURES),
                        help=f"what of a workload, with commas (default all: {','.join(MEASURES)})")
    parser.add_argument("--parts", type=words, default=list(health.PARTS),
                        help=f"parts of health, with commas (default all: {','.join(health.PARTS)})")
    parser.add_argument("--servers", type=words, default=list(STATIC),
                        help=f"who takes part beside gslbd, as far as installed (default {','.join(STATIC[1:])})")
    parser.add_argument("-o", "--output", type=Path, default=HERE.parent / "build/bench.json",
                        help="where the raw figures go (default build/bench.json)")
    options = parser.parse_args()
    options.names = [each for name in options.names or BENCHES for each in GROUPS.get(name, [name])]
    options.servers = ["gslbd", *options.servers]
    for given, known, what in ((options.names, BENCHES, "bench"), (options.parts, health.PARTS, "part of health"),
                               (options.measures, MEASURES, "measure"), (options.servers, STATIC, "server")):
        if unknown := set(given) - set(known):
            parser.error(f"no {what} {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    if options.rounds < 1 or not 0 < options.seconds <= 3600:
        parser.error("at least one round, of more than nothing")
    return options


def main():
    options = arguments()
    record = {"started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine.describe(),
              "rounds": options.rounds, "seconds": options.seconds, "quick": options.quick, "results": {}}
    print("machine: {cpu}, {cores} cores, kernel {kernel}".format(**record["machine"]))
    for name in options.names:
        record["results"][name] = BENCHES[name](options)
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    print(f"\nraw figures: {options.output}")
    return int(any("failed" in (part or {}) for part in record["results"].get("health", {}).values()))


if __name__ == "__main__":
    sys.exit(main())
