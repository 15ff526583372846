#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev bench: runs the benches, prints their tables, and keeps the raw figures in a JSON file.
bench/README.md has the method. An optimised build and an otherwise idle machine are assumed."""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests/support")]
sys.dont_write_bytecode = True

import health  # noqa: E402
import machine  # noqa: E402

BENCHES = ("throughput", "load", "health")


def words(text):
    return [word for word in text.split(",") if word]


def main():
    parser = argparse.ArgumentParser(
        prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Benches:\n" + "\n".join(f"  {name:11} {importlib.import_module(name).HELP.strip()}"
                                             for name in BENCHES))
    parser.add_argument("names", nargs="*", metavar="name", help="the benches to run (default: all)")
    parser.add_argument("-n", "--rounds", type=int, default=5, help="rounds (default 5; medians are printed)")
    parser.add_argument("-l", "--seconds", type=int, default=3, help="seconds of a round of dnsperf (default 3)")
    parser.add_argument("--quick", "--smoke", action="store_true",
                        help="tiny sizes: shows that they work, measures nothing")
    parser.add_argument("--parts", type=words, default=list(health.PARTS),
                        help=f"parts of health, with commas (default all: {','.join(health.PARTS)})")
    parser.add_argument("--servers", type=words, default=["gdnsd", "pdns"],
                        help="whom health compares gslbd with (default gdnsd,pdns; as far as installed)")
    parser.add_argument("-o", "--output", type=Path, default=HERE.parent / "build/bench.json",
                        help="where the raw figures go (default build/bench.json)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    if unknown := set(options.parts) - set(health.PARTS):
        parser.error(f"health has no part {', '.join(sorted(unknown))}")
    if options.rounds < 1:
        parser.error("at least one round")

    record = {"started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine.describe(),
              "rounds": options.rounds, "quick": options.quick, "results": {}}
    print("machine: {cpu}, {cores} cores, kernel {kernel}".format(**record["machine"]))
    for name in options.names or BENCHES:
        record["results"][name] = importlib.import_module(name).run(options)
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    print(f"\nraw figures: {options.output}")
    return int(any("failed" in (part or {}) for part in record["results"].get("health", {}).values()))


if __name__ == "__main__":
    sys.exit(main())
