# SPDX-License-Identifier: Apache-2.0
"""Sites that die on demand: gslbd_sites (sites.cc) on the load's core, one process a victim, one for all others."""

import os
import signal
import subprocess
import time

from machine import LOAD_CORE, Process, pinned
from processes import ROOT


def binary():
    return os.environ.get("GSLBD_SITES", str(ROOT / "build/release/gslbd_sites"))


class Sites(Process):
    """A process of sites. Deaths and recoveries return the moment (time.monotonic()) just before they happen."""

    def __init__(self, address, port):
        self._endpoint = f"{address}:{port}"
        self.restart()

    def restart(self):
        now = time.monotonic()
        super().__init__(subprocess.Popen(pinned(LOAD_CORE, [binary(), self._endpoint]), text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        if not self.popen.stdout.readline().startswith("listening"):
            raise SystemExit(f"no sites on {self._endpoint}")
        return now

    def _order(self, order):
        now = time.monotonic()
        self.popen.stdin.write(order + "\n")
        self.popen.stdin.flush()
        return now, self.popen.stdout.readline()

    def kill(self):
        """Its port is closed, its connections are reset: the end of a process."""
        now = time.monotonic()
        self.popen.kill()
        self._gone()
        return now

    def freeze(self):
        """It accepts, and never answers."""
        now = time.monotonic()
        self.popen.send_signal(signal.SIGSTOP)
        return now

    def thaw(self):
        now = time.monotonic()
        self.popen.send_signal(signal.SIGCONT)
        return now

    def drop(self):
        """Not even the kernel answers: what a cut cable or a firewall looks like."""
        return self._order("drop")[0]

    def heal(self):
        return self._order("heal")[0]

    def counts(self):
        """(requests, connections) so far."""
        requests, connections = self._order("count")[1].split()
        return int(requests), int(connections)

    def _gone(self):
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            pipe.close()

    def stop(self):
        if self.alive():
            self.kill()


# How a site dies, and how it comes back.
DEATHS = {"killed": (Sites.kill, Sites.restart), "frozen": (Sites.freeze, Sites.thaw),
          "silent": (Sites.drop, Sites.heal)}
