# SPDX-License-Identifier: Apache-2.0
"""What the benches ask of the machine: pinned processes, their CPU time, their memory, and how medians are printed."""

import os
import platform
import signal
import statistics
import subprocess
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = 0, 1


def pinned(core, command):
    """The command, bound to one processor (to whatever there is on a machine that has only one)."""
    return ["taskset", "-c", str(core if core in os.sched_getaffinity(0) else 0), *map(str, command)]


class Pinned:
    """A server on the server's core, with all the processes it forks; what it says goes to `log`."""

    def __init__(self, command, log):
        self._log = open(log, "wb")
        self.popen = subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.DEVNULL, stdout=self._log,
                                      stderr=subprocess.STDOUT)

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
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


def describe():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def median(values):
    return statistics.median(values)


def table(header, rows):
    """Columns as wide as they must be; the first left, the others right."""
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip(), flush=True)
