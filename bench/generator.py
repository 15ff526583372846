# SPDX-License-Identifier: Apache-2.0
"""The programs of bench/load: gslbd_load asks, gslbd_echo is the measure. Both are C++, as neither may be the limit."""

import json
import os
import subprocess
import time

from machine import LOAD_CORE, Pinned, pinned
from processes import ROOT, free_port
from waiting import wait_until


def program(name):
    return os.path.join(os.environ.get("GSLBD_BENCH_PROGRAMS", str(ROOT / "build/bench")), name)


def ask(port, questions, load, *options, ready=lambda: None):
    """What gslbd_load tells of one run: `load` says how it asks (--udp or --tcp first). `ready` is called just before
    the first question, when connections that shall be idle are open."""
    transport, *more = load
    command = [program("gslbd_load"), transport, f"127.0.0.1:{port}", "--queries", questions, *more, *options]
    with subprocess.Popen(pinned(LOAD_CORE, command), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as asking:
        if "--idle" in more:
            asking.stdout.readline()
        ready()
        output, errors = asking.communicate("\n")
    if asking.returncode != 0:
        raise SystemExit(f"gslbd_load failed: {errors}")
    return json.loads(output)


class Echo:
    """The bare echo, like a server that runs (peers.Running)."""

    def __init__(self, directory, coalesce=False, size=0, tcp=False):
        self.name = "echo coalesced" if coalesce else "echo"
        self.port = free_port("127.0.0.1")
        self.log = directory / f"echo-{self.port}.log"
        options = ["--coalesce"] * coalesce + ["--tcp"] * tcp + (["--size", size] if size else [])
        began = time.monotonic()
        self.process = Pinned([program("gslbd_echo"), f"127.0.0.1:{self.port}", *options], self.log)
        wait_until(lambda: "listening" in self.log.read_text(), "the echo")
        self.ready_s = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stop()
