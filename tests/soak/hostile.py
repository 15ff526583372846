# SPDX-License-Identifier: Apache-2.0
"""A real server under hostile traffic, while a client with manners checks every answer and we watch what it costs.

    PYTHONPATH=tests/support python3 tests/soak/hostile.py --packets 10000000 --connections 100000

Two phases: a warm-up, in which buffers that are kept reach their size, and the run that is judged. It fails when an
answer was wrong or lost, when a connection that says nothing is kept for ever, when the server ends, when its
descriptors do not come back, or when its memory grows."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from processes import Gslbd  # noqa: E402
from waiting import pause, wait_until  # noqa: E402

# What the memory may grow by in the whole judged run, by its slope: noise of the allocator, not a leak. A leak of one
# octet a packet would be 9,766 KiB in ten million.
MAX_GROWTH_KIB = 1024

# Every limit there is, and so tight that it is met. The client with manners is not exempt from those on connections.
GUARDED = {"identity": "soak", "report_agent": "agent.soak.test.",
           "rate_limit": {"answers_per_second": 50, "errors_per_second": 20, "exempt": ["127.0.0.1/32"]},
           "tcp": {"max_connections": 300, "max_connections_per_client": 50, "idle_timeout": "2s"}}

ADDRESSES = [{"address": f"{prefix}{n}"} for prefix in ("192.0.2.", "2001:db8::") for n in range(10, 18)]


def zone():
    """Something of every kind, under the names that gslbd_hostile asks for."""
    records = {
        "@": {"NS": ["ns1", "ns.other.example."], "MX": ["10 mx"], "TXT": ['"v=spf1 -all"'], "pool": "all"},
        "ns1": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
        "good": {"A": "192.0.2.77"},
        "pool": {"pool": "all"}, "weighted": {"pool": "weighted"}, "empty": {"pool": "empty"},
        "broken": {"pool": "broken"},
        "long": {"TXT": [f'"{n} {"x" * 200}"' for n in range(10)]},
        "*.w": {"A": "192.0.2.9", "MX": "5 mx"},
        "sub": {"NS": ["ns.sub", "ns2.sub"]}, "ns.sub": {"A": "192.0.2.53"}, "ns2.sub": {"AAAA": "2001:db8::53"},
        "deep.ent": {"A": "192.0.2.2"},
        "d": {"DNAME": "w"}, "loop1": {"CNAME": "loop2"}, "loop2": {"CNAME": "loop1"},
        **{f"c{n}": {"CNAME": f"c{n + 1}"} for n in range(1, 9)}, "c9": {"CNAME": "pool"},
        "mx": {"MX": ["10 good", "20 mail.example."], "A": "192.0.2.3"},
        "srv": {"SRV": ["1 1 80 good", "1 1 80 pool"]}, "svc": {"HTTPS": ['1 . alpn="h2"']},
    }
    return {"zone": "soak.test", "ttl": "5m", "records": records}


def configure(directory, settings):
    pools = {"all": {"members": ADDRESSES}, "weighted": {"members": ADDRESSES, "steer": "weighted"},
             "empty": {"members": [{"address": "192.0.2.66"}]}, "broken": {"members": [{"address": "2001:db8::66"}]}}
    config = {"listen": ["127.0.0.1:0"], "zones": ["zone.json"], "workers": 2, "pools": pools,
              "admin": {"listen": "127.0.0.1:0"}, **settings}
    (directory / "zone.json").write_text(json.dumps(zone()))
    (directory / "gslbd.json").write_text(json.dumps(config))
    return directory / "gslbd.json"


class Watch:
    """Samples the server's memory and descriptors until it is left."""

    EVERY_S = 0.25

    def __init__(self, pid):
        self._pid, self._end = pid, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.rss_kib, self.descriptors = [], []

    def sample(self):
        status = Path(f"/proc/{self._pid}/status").read_text()
        rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        return rss, len(os.listdir(f"/proc/{self._pid}/fd"))

    def _run(self):
        while not self._end.is_set():
            try:
                rss, descriptors = self.sample()
            except (OSError, StopIteration):
                return  # it ended; others say so
            self.rss_kib.append(rss)
            self.descriptors.append(descriptors)
            pause(self.EVERY_S)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._end.set()
        self._thread.join()

    def growth_kib(self):
        """What the memory grew by over all samples, by the slope of the line through them (least squares)."""
        n = len(self.rss_kib)
        if n < 2:
            return 0.0
        mean_at, mean = (n - 1) / 2, sum(self.rss_kib) / n
        spread = sum((at - mean_at) ** 2 for at in range(n))
        return sum((at - mean_at) * (rss - mean) for at, rss in enumerate(self.rss_kib)) / spread * (n - 1)


def attack(program, server, packets, connections, seed, more=()):
    address, port = server.endpoint
    command = [program, "--server", f"{address}:{port}", "--packets", str(packets), "--connections", str(connections),
               "--seed", str(seed), *more]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def packets_read(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("gslbd_queries_total") and "udp" in name)


def complaints(result, watch, metrics, options):
    for way in ("udp", "tcp_kept", "tcp_fresh"):
        tally = result["good"][way]
        if tally["wrong"] or tally["lost"]:
            yield f"{way}: {tally['wrong']} wrong answers, {tally['lost']} lost: {result['good']['first_complaint']}"
        if not tally["right"]:
            yield f"{way}: no answer at all"
    if result["tcp"]["outstayed"]:
        yield f"{result['tcp']['outstayed']} connections that say nothing were kept for a minute"
    if result["tcp"]["opened"] < 0.99 * options.connections:
        yield f"only {result['tcp']['opened']} connections were opened: the run proves too little"
    if result["udp"]["sent"] < 0.99 * options.packets:
        yield f"only {result['udp']['sent']} packets were sent: the run proves too little"
    if packets_read(metrics) < 0.9 * result["udp"]["sent"]:
        yield f"the server read only {packets_read(metrics):,.0f} packets: the run proves too little"
    if options.judge_memory and watch.growth_kib() > MAX_GROWTH_KIB:
        yield f"the memory grew by {watch.growth_kib():.0f} KiB"


def table(result, watch, metrics):
    udp, tcp, good = result["udp"], result["tcp"], result["good"]
    rate = udp["sent"] / max(udp["seconds"], 0.001)
    yield "udp", f"{udp['sent']:,} packets in {udp['seconds']:.1f} s, {rate:,.0f}/s; " \
                 f"the server read {packets_read(metrics):,.0f} (warm-up and good client included)"
    yield "tcp", f"{tcp['opened']:,} connections in {tcp['seconds']:.1f} s; {tcp['refused']:,} refused, " \
                 f"{tcp['closed_by_server']:,} closed by the server, {tcp['outstayed']} outstayed"
    for way, tally in ((w, good[w]) for w in ("udp", "tcp_kept", "tcp_fresh")):
        yield f"good {way}", f"{tally['right']:,} right, {tally['wrong']} wrong, {tally['lost']} lost, " \
            f"{tally['again']} asked again; median {tally['median_us'] / 1000:.2f} ms, " \
            f"p99 {tally['p99_us'] / 1000:.2f} ms, worst {tally['worst_us'] / 1000:.2f} ms"
    rss = watch.rss_kib
    yield "memory", f"{rss[0]:,} KiB at first, {max(rss):,} at most, {rss[-1]:,} at last; growth by slope " \
                    f"{watch.growth_kib():,.0f} KiB over {len(rss)} samples"
    yield "by tenths", " ".join(f"{rss[(len(rss) - 1) * tenth // 10]:,}" for tenth in range(11)) + " KiB"
    yield "descriptors", f"{watch.descriptors[0]} at first, {max(watch.descriptors)} at most"


def soak(options, show=print):
    """Complaints; empty when all is well."""
    with tempfile.TemporaryDirectory(prefix="gslbd-soak-") as name:
        with Gslbd(configure(Path(name), GUARDED if options.guarded else {})) as server:
            watch = Watch(server.pid)
            idle = watch.sample()[1]
            # The server keeps a buffer for each connection it can have, and touches of it what clients made it touch:
            # it takes thirty clients for each of them until no page is new.
            warm_up = options.connections * 7 // 10 if options.judge_memory else options.connections // 5
            attack(options.program, server, options.packets // 10, warm_up, options.seed + 100)
            with watch:
                result = attack(options.program, server, options.packets, options.connections, options.seed)
            if not server.alive():
                return [f"the server ended with {server.popen.returncode}", *server.lines[-20:]]
            metrics = server.metrics()
            found = list(complaints(result, watch, metrics, options))
            for title, text in table(result, watch, metrics):
                show(f"{title:14} {text}")
            # An admin connection may come and go; the hostile ones must all be gone.
            wait_until(lambda: watch.sample()[1] <= idle + 2, "the descriptors to come back", timeout=30)
            show(f"{'afterwards':14} {watch.sample()[1]} descriptors (idle: {idle})")
        if server.popen.returncode != 0:
            found += [f"the server ended with {server.popen.returncode}", *server.lines[-20:]]
        return found


def arguments(given=None):
    parser = argparse.ArgumentParser(description="A server under hostile traffic")
    parser.add_argument("--packets", type=int, default=10_000_000)
    parser.add_argument("--connections", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--program", default=os.environ.get("GSLBD_HOSTILE", str(ROOT / "build/release/gslbd_hostile")))
    parser.add_argument("--guarded", action="store_true", help="with rate limits, and with tight limits on connections")
    parser.add_argument("--no-memory", dest="judge_memory", action="store_false",
                        help="do not judge the memory: for sanitizers, which keep what is freed, and for short runs")
    return parser.parse_args(given)


def main():
    options = arguments()
    print(f"{options.packets:,} packets and {options.connections:,} connections, seed {options.seed}", flush=True)
    found = soak(options)
    for complaint in found:
        print(f"FAILED: {complaint}")
    print("FAILED" if found else "passed")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
