# SPDX-License-Identifier: Apache-2.0
"""What the benches ask of the machine: pinned processes, their CPU time, their memory, and how medians are printed."""

import math
import os
import platform
import signal
import statistics
import subprocess
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
# Where there are fewer cores, the last one is shared.
SERVER_CORE, LOAD_CORE, WATCH_CORE = (CORES[min(number, len(CORES) - 1)] for number in range(3))


def pinned(core, command):
    """The command, bound to one processor."""
    return ["taskset", "-c", str(core), *map(str, command)]


class Process:
    """A running program with all the processes it forks."""

    def __init__(self, popen):
        self.popen = popen

    @property
    def pid(self):
        return self.popen.pid

    def family(self):
        """The pids of the process and of everything it forked."""
        found, queue = [], [self.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    queue += map(int, children.read_text().split())
                except OSError:
                    pass
        return found

    def cpu_seconds(self):
        """(user, system) of all its processes and threads so far."""
        user = system = 0
        for pid in self.family():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            user, system = user + int(fields[11]), system + int(fields[12])
        return user / TICK, system / TICK

    def resident_octets(self):
        """Memory in use; what its processes share counts once (the sum of their proportional set sizes)."""
        total = 0
        for pid in self.family():
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
        return total

    def alive(self):
        return self.popen.poll() is None

    def stop(self):
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


class Pinned(Process):
    """A server on the server's core; what it says goes to `log`."""

    def __init__(self, command, log):
        with open(log, "wb") as output:
            super().__init__(subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.DEVNULL, stdout=output,
                                              stderr=subprocess.STDOUT))


def describe():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def median(values):
    return statistics.median(values)


def percentile(values, percent):
    """The smallest value that `percent` of them do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def table(header, rows):
    """Columns as wide as they must be; the first left, the others right."""
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip(), flush=True)
