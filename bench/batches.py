# SPDX-License-Identifier: Apache-2.0
"""How long a server's UDP thread is in user mode and in its system calls, per query, for batches of various length: the
more queries wait when it comes to read, the less of a wake-up each one pays. The clock is read around each call, by
a library put in front of the server's (bench/load/call_times.cc)."""

import contextlib
import struct
import tempfile
from pathlib import Path

import questions
from generator import ask, program
from health.farm import Sites
from machine import median, table
from peers import Content, Running, available
from processes import free_port

SLOT = struct.Struct("=9Q56x")  # call_times.cc: Slot
FIELDS = ("between", "wait_ns", "receive_ns", "send_ns", "waits", "receives", "sends", "batches", "datagrams")
# Datagrams one by one, then so many at once of each of the generator's sockets.
WAYS = {"singly": (), **{f"{n} at once": ("--bursts", "--burst", str(n)) for n in (2, 4, 12, 24)}}
ABLE = ("gslbd", "gdnsd")  # they wait and read by the calls that are counted


def counted(prefix):
    """Totals of the thread that had most datagrams."""
    slots = [dict(zip(FIELDS, fields)) for path in prefix.parent.glob(f"{prefix.name}*")
             for fields in SLOT.iter_unpack(path.read_bytes())]
    return max(slots, key=lambda slot: slot["datagrams"])


def one(server, prefix, file, workload, way, seconds):
    """What a query took of the server's thread in one round, in ns, and how many came in a batch."""
    before = counted(prefix)
    found = ask(server.port, file, workload.load, "--seconds", str(seconds), *WAYS[way])
    after = counted(prefix)
    spent = {field: after[field] - before[field] for field in FIELDS}
    queries = max(1, spent["datagrams"])
    return {"batch": queries / max(1, spent["batches"]), "user_ns": spent["between"] / queries,
            "receive_ns": spent["receive_ns"] / queries, "send_ns": spent["send_ns"] / queries,
            "per_second": found["per_second"]}


def run(workload, options, seconds):
    """{server: {way: the figures of its rounds}}"""
    result = {}
    for name in [each for each in available(ABLE) if each in options.servers and each in workload.servers]:
        with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory:
            root, check_port = Path(directory), free_port("127.0.0.1")
            prefix, file = root / "calls.", root / "questions"
            content = Content.of(workload, root, check_port=check_port)
            questions.write(file, questions.make(workload))
            before = ["env", f"LD_PRELOAD={program('libgslbd_call_times.so')}", f"GSLBD_CALL_TIMES={prefix}"]
            sites = Sites("0.0.0.0", check_port) if workload.pools else contextlib.nullcontext()
            with sites, Running(name, root, content, before=before) as server:
                ask(server.port, file, workload.load, "--seconds", "60", "--count", str(workload.messages))
                result[name] = {way: [one(server, prefix, file, workload, way, seconds)
                                      for _ in range(1 if options.quick else options.rounds)] for way in WAYS}
    return result


def report(result):
    print("by batch length, ns a query, by the clock")
    rows = []
    for name, ways in result.items():
        for way, rounds in ways.items():
            def middle(field, rounds=rounds):
                return median([each[field] for each in rounds])
            figures = (middle(field) for field in ("user_ns", "receive_ns", "send_ns", "per_second"))
            rows.append([name, way, f"{middle('batch'):.1f}", *(f"{each:,.0f}" for each in figures)])
    table(["server", "queries come", "a batch", "user", "reading", "sending", "answers/s"], rows)
