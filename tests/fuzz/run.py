# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets for a time, several at once, and says what they reached; or measures which lines of the sources
their inputs execute. ./dev fuzz builds the targets and calls this.

Every target first replays what was found before (tests/fuzz/regressions/<target>), then starts from its seeds
(make_seeds.py) and the corpus of earlier runs (build/fuzz-corpus/<target>), which it adds to."""

import argparse
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from make_seeds import write_seeds

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests/fuzz"
# Long enough for every feature, short enough for a hundred thousand inputs a minute.
MAX_LENGTH = {"responder": 1500, "message": 1500, "proxy": 2200, "cookie_secrets": 1000}
DEFAULT_MAX_LENGTH = 8000
# What parses; the rest of the tree is not what fuzzing is for.
SOURCES = ["server/answer", "server/net/proxy_header.cc", "server/config", "server/control",
           "server/app/verdict_store.cc", "server/app/heartbeat_route.cc", "server/journal/entry.cc", "zones",
           "health/http", "health/types/dns_message.cc", "core/json.cc", "core/json_parse.cc", "core/json.h",
           "core/prefix.cc", "core/prefix.h", "core/time.cc", "core/address.cc"]


class Target:
    def __init__(self, program, corpora, artifacts):
        self.program, self.name = program, program.name.removeprefix("fuzz_")
        self.corpus = corpora / self.name
        self.corpus.mkdir(parents=True, exist_ok=True)
        self.seeds = corpora.parent / "fuzz-seeds" / self.name
        self.log = artifacts / f"fuzz-{self.name}.log"
        self.artifacts = artifacts / f"fuzz-{self.name}-"
        self.regressions = FUZZ / "regressions" / self.name
        self.failed = False
        self.figures = {}

    def inputs(self):
        return [str(d) for d in (self.seeds, self.regressions) if d.is_dir()]

    def _call(self, *arguments, mode="a"):
        environment = {"UBSAN_OPTIONS": "print_stacktrace=1", **os.environ}
        with open(self.log, mode, errors="replace") as log:
            return subprocess.run([str(self.program), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, env=environment).returncode == 0

    def fuzz(self, seconds):
        known = sorted(str(f) for f in self.regressions.glob("*"))
        if known and not self._call(*known, "-timeout=5", mode="w"):
            self.failed = True
            return
        options = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=3000", "-print_final_stats=1",
                   f"-max_len={MAX_LENGTH.get(self.name, DEFAULT_MAX_LENGTH)}", f"-artifact_prefix={self.artifacts}"]
        dictionary = FUZZ / f"dictionaries/{self.name}.dict"
        if dictionary.exists():
            options.append(f"-dict={dictionary}")
        self.failed = not self._call(*options, str(self.corpus), *self.inputs(), mode="a" if known else "w")
        text = self.log.read_text(errors="replace")
        status = re.findall(r"^#\d+\s.*cov: (\d+) ft: (\d+) corp: (\d+)", text, re.MULTILINE)
        executed = re.findall(r"number_of_executed_units: (\d+)", text)
        self.figures = {"executions": int(executed[-1]) if executed else 0}
        if status:
            self.figures.update(zip(("edges", "features", "corpus"), map(int, status[-1])))

    def tail(self):
        lines = self.log.read_text(errors="replace").splitlines()
        marks = [i for i, line in enumerate(lines) if re.search(r"^broken:|ERROR:|runtime error|SUMMARY", line)]
        return lines[max(0, marks[0] - 2):][:40] if marks else lines[-40:]


def run_all(targets, seconds, jobs):
    """Each target for so long, `jobs` at a time."""
    waiting, lock = list(targets), threading.Lock()

    def work():
        while True:
            with lock:
                if not waiting:
                    return
                target = waiting.pop(0)
            target.fuzz(seconds)

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def report(targets, seconds):
    print(f"{'target':16} {'executions':>12} {'a second':>9} {'edges':>7} {'features':>9} {'corpus':>7}")
    for target in targets:
        f = target.figures
        print(f"{target.name:16} {f.get('executions', 0):12,} {f.get('executions', 0) // max(seconds, 1):9,} "
              f"{f.get('edges', 0):7,} {f.get('features', 0):9,} {f.get('corpus', 0):7,}  "
              f"{'FAILED' if target.failed else 'nothing found'}")
    for target in (t for t in targets if t.failed):
        print(f"== {target.name} FAILED; the input is kept as {target.artifacts}*; the log is {target.log}")
        print("\n".join(target.tail()))


def coverage(targets, directory):
    """Runs every input once through programs built for it, and prints the lines they executed, file by file."""
    profiles = []
    for target in targets:
        profile = directory / f"{target.name}.profraw"
        inputs = [str(target.corpus), *target.inputs()]
        environment = {**os.environ, "LLVM_PROFILE_FILE": str(profile)}
        done = subprocess.run([str(target.program), "-runs=0", *inputs], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        if done.returncode != 0:
            sys.exit(f"{target.name}: {done.stderr[-2000:]}")
        profiles.append(str(profile))
    merged = directory / "all.profdata"
    subprocess.run(["llvm-profdata-14", "merge", "-o", str(merged), *profiles], check=True)
    objects = [o for target in targets[1:] for o in ("-object", str(target.program))]
    sources = [str(ROOT / source) for source in SOURCES if (ROOT / source).exists()]
    text = subprocess.run(["llvm-cov-14", "report", str(targets[0].program), *objects, f"-instr-profile={merged}",
                           *sources], check=True, capture_output=True, text=True).stdout
    print(f"{'file':44} {'lines':>6} {'executed':>9} {'share':>8}")
    for fields in sorted(line.split() for line in text.splitlines()):
        if len(fields) >= 10 and fields[7].isdigit():
            print(f"{fields[0]:44} {fields[7]:>6} {int(fields[7]) - int(fields[8]):9} {fields[9]:>8}")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Fuzz what reads from the network or a file")
    parser.add_argument("targets", nargs="*", metavar="target", help="all when none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time (default: processors)")
    parser.add_argument("--coverage", action="store_true", help="measure which lines the inputs so far execute")
    parser.add_argument("--programs", type=Path, default=ROOT / "build/fuzz", help="where the fuzz targets are")
    parser.add_argument("--corpora", type=Path, default=ROOT / "build/fuzz-corpus", help="where inputs are kept")
    parser.add_argument("--counts", type=Path, help="a file that gets one line 'failed all' for each target")
    return parser.parse_args()


def main():
    options = arguments()
    programs = sorted(p for p in options.programs.glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK))
    targets = [Target(p, options.corpora, options.programs.parent) for p in programs]
    if options.targets:
        unknown = set(options.targets) - {t.name for t in targets}
        if unknown:
            sys.exit(f"no target {', '.join(sorted(unknown))}; there are: {' '.join(t.name for t in targets)}")
        targets = [t for t in targets if t.name in options.targets]
    if not targets:
        sys.exit("no fuzz target was built")
    write_seeds(options.corpora.parent / "fuzz-seeds")
    if options.coverage:
        return coverage(targets, options.programs)
    run_all(targets, options.seconds, max(1, options.jobs))
    report(targets, options.seconds)
    if options.counts:
        with options.counts.open("a") as counts:
            counts.writelines(f"{int(t.failed)} 1\n" for t in targets)
    sys.exit(any(t.failed for t in targets))


if __name__ == "__main__":
    main()
