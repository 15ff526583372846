#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a query costs, in instructions, and whether that is more than it was.

Callgrind counts what the responder executes for each workload of tests/cost/workload.cc. The count is the same to the
instruction in every run of the same program, on a busy machine too, so 3 % above the record in baseline.json is no
noise: somebody made the query path dearer. That fails. So does a workload that has no record.

A commit that may cost something, or that saves something, records the new figures:

    python3 tests/cost/query_cost.py build/release/tests/cost/query_cost --record

and says in its message why. Below the record by as much, the script asks for that, and does not fail.
Other compilers make other code: the record is of the one that it names, and for others the check is skipped
(exit status 77).
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.03
SKIPPED = 77
TOP_FUNCTIONS = 14


def workloads_of(program):
    return subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def count(program, workload):
    """Instructions a query, and where they go. Valgrind shows the program the same processor on every machine that has
    AVX2, so that the C library chooses the same ways to copy memory on all of them."""
    with tempfile.TemporaryDirectory() as directory:
        dump = Path(directory, "dump")
        out = subprocess.run(["valgrind", "--tool=callgrind", "-q", "--instr-atstart=no",
                              f"--callgrind-out-file={dump}", str(program), workload],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        queries = int(out)
        total = int(re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE).group(1))
        return round(total / queries, 1), profile(dump, queries)


def profile(dump, queries):
    """Where the instructions go: the dearest functions, without those they call, inlined ones at their callers."""
    out = subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=100", str(dump)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    by_function = Counter()
    for instructions, function in re.findall(r"^ *([\d,]+) \([ \d.]+%\)  [^:]*:(\S.*)$", out, re.MULTILINE):
        name = function.replace("(anonymous namespace)::", "").split("(")[0].split(" [")[0]
        by_function[name] += int(instructions.replace(",", ""))
    del by_function["function"]  # the table's head: all of it
    return [f"  {n / queries:9.1f}  {name}" for name, n in by_function.most_common(TOP_FUNCTIONS)]


def judge(name, now, was):
    """One line about a workload, and whether it fails."""
    if was is None:
        return f"{name:<10} {now:8.1f}  has no record", True
    change = now / was - 1
    line = f"{name:<10} {now:8.1f}  {was:8.1f}  {change:+7.2%}"
    if change > TOLERANCE:
        return f"{line}  DEARER", True
    if change < -TOLERANCE:
        return f"{line}  cheaper: record it (--record)", False
    return line, False


def compare(costs, baseline):
    print("workload   now       record    change    (instructions a query)")
    failed = []
    for name, (now, functions) in costs.items():
        line, fails = judge(name, now, baseline["instructions_per_query"].get(name))
        print(line)
        if fails:
            failed.append(name)
            print("\n".join(functions))
    if failed:
        print(f"\nA query costs more than {TOLERANCE:.0%} above the record: {', '.join(failed)}. If that is worth it, "
              "record it with --record,\nand say why in the commit that changes tests/cost/baseline.json.")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program", type=Path, help="build/release/tests/cost/query_cost")
    parser.add_argument("workloads", nargs="*", help="only these")
    parser.add_argument("--built-by", help="compiler, processor and build type; another one's figures are skipped")
    parser.add_argument("--record", action="store_true", help="write the figures to baseline.json")
    parser.add_argument("--profile", action="store_true", help="show where the instructions go")
    arguments = parser.parse_intermixed_args()
    baseline = json.loads(BASELINE.read_text())
    if arguments.built_by not in (None, baseline["built_by"]):
        print(f"skipped: built by {arguments.built_by}; the record is of {baseline['built_by']}")
        return SKIPPED
    known = workloads_of(arguments.program)
    for name in set(arguments.workloads) - set(known):
        parser.error(f"no workload {name}; there are {', '.join(known)}")
    names = arguments.workloads or known
    costs = {name: count(arguments.program, name) for name in names}
    if arguments.profile:
        for name, (now, functions) in costs.items():
            print(f"{name}: {now} instructions a query", *functions, sep="\n")
    if arguments.record:
        baseline["instructions_per_query"].update({name: now for name, (now, _) in costs.items()})
        BASELINE.write_text(json.dumps(baseline, indent=2) + "\n")
    return 0 if arguments.profile or arguments.record else compare(costs, baseline)


if __name__ == "__main__":
    sys.exit(main())
