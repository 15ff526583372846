# SPDX-License-Identifier: Apache-2.0
"""From the change of one zone among 10,000 to its first answer; the longest gap in answers and the memory meanwhile."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import zone_data
from dns_client import parse, query
from machine import LOAD_CORE, median, table
from peers import PROGRAMS, Running, available
from processes import gslbd_binary

HELP = __doc__
CHANGED = "z0.example"
BEFORE_S, AFTER_S, PATIENCE_S = 0.5, 0.5, 60


# --- 10,000 zones in each server's way ------------------------------------------------------------------------------

class Zones:
    """The zones z0.example, z1.example, ... in files of their own."""

    def __init__(self, count, names):
        self.count, self.names = count, names

    @staticmethod
    def address(version):
        return f"192.0.2.{version % 200 + 10}"

    def owners(self, version):
        yield "www", {"A": [self.address(version)]}
        yield from zone_data.hosts(self.names)

    def write(self, path, number, version, language):
        """Replaces the file as a whole, as editors and deployments do."""
        fresh = path.with_name(f".{path.name}.new")
        write = {"json": zone_data.write_json, "master": zone_data.write_master}[language]
        write(fresh, self.owners(version), zone=f"z{number}.example", serial=version + 1)
        fresh.replace(path)

    def write_all(self, directory, language, name="{}"):
        directory.mkdir()
        for number in range(self.count):
            self.write(directory / name.format(f"z{number}.example"), number, 0, language)


def gslbd(directory, port, zones, watch=False):
    zones.write_all(directory / "zones", "json", "{}.json")
    (directory / "gslbd.json").write_text(json.dumps(
        {"listen": [f"127.0.0.1:{port}"], "workers": 1, "zones": ["zones/*.json"], "watch": watch,
         "reload_debounce": "10ms", "admin": {"listen": "127.0.0.1:0"}, "log_level": "error"}))
    return [gslbd_binary(), "run", "-c", directory / "gslbd.json"]


def gslbd_watching(directory, port, zones):
    return gslbd(directory, port, zones, watch=True)


def gdnsd(directory, port, zones):
    zones.write_all(directory / "zones", "master")
    (directory / "config").write_text(
        f"options => {{\n  listen => {{ 127.0.0.1:{port} => {{ udp_threads => 1, tcp_threads => 1 }} }}\n"
        f"  run_dir => {directory}/run\n  state_dir => {directory}/state\n}}\n")
    return ["gdnsd", "-c", directory, "start"]


def knot(directory, port, zones):
    zones.write_all(directory / "zones", "master")
    (directory / "knot.conf").write_text(
        f'server:\n  rundir: "{directory}"\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n'
        f'  background-workers: 1\ncontrol:\n  listen: "{directory}/knot.sock"\n'
        f'database:\n  storage: "{directory}"\nlog:\n  - target: stderr\n    any: warning\n'
        f'template:\n  - id: default\n    storage: "{directory}/zones"\n    file: "%s"\n    zonefile-sync: -1\n'
        "    journal-content: none\nzone:\n" + "".join(f"  - domain: z{n}.example\n" for n in range(zones.count)))
    return ["knotd", "-c", directory / "knot.conf"]


def nsd(directory, port, zones):
    zones.write_all(directory / "zones", "master")
    (directory / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  rrl-ratelimit: 0\n'
        f'  database: ""\n  username: ""\n  chroot: ""\n  zonesdir: "{directory}/zones"\n'
        f'  pidfile: "{directory}/nsd.pid"\n  xfrdfile: "{directory}/xfrd"\n  xfrdir: "{directory}"\n'
        f'  zonelistfile: "{directory}/zone.list"\nremote-control:\n  control-enable: no\n'
        + "".join(f'zone:\n  name: z{n}.example\n  zonefile: "z{n}.example"\n' for n in range(zones.count)))
    return ["nsd", "-d", "-c", directory / "nsd.conf"]


def hang_up(server):
    os.kill(server.process.pid, signal.SIGHUP)


def command(*words):
    return subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


WRITERS = {"gslbd": gslbd, "gslbd watching": gslbd_watching, "gdnsd": gdnsd, "knot": knot, "nsd": nsd}
# How each is told of the change; a process that does so is waited for at the end.
TELL = {"gslbd": hang_up, "gslbd watching": lambda server: None, "nsd": hang_up,
        "gdnsd": lambda server: command("gdnsdctl", "-c", server.home, "reload-zones"),
        "knot": lambda server: command("knotc", "-s", server.home / "knot.sock", "zone-reload", CHANGED)}


# --- one reload ---------------------------------------------------------------------------------------------------

class Watch:
    """Asks for one name without pause, and keeps when each answer came and what was in it."""

    def __init__(self, port):
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.settimeout(1)
        self._sock.connect(("127.0.0.1", port))
        self._message = query(f"www.{CHANGED}", query_id=1)
        self.times = []

    def ask(self):
        """The address; None when there was no answer."""
        try:
            self._sock.send(self._message)
            answer = parse(self._sock.recv(4096))
        except OSError:
            return None
        self.times.append(time.monotonic())
        return answer.addresses[0]

    def longest_gap(self, start, end):
        times = [moment for moment in self.times if start <= moment <= end]
        return max(later - sooner for sooner, later in zip(times, times[1:]))

    def watch(self, seconds, address=None):
        """For so long, or until the name has that address; then when that was first so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.ask() == address is not None:
                return self.times[-1]
        return None


def peak_octets(server):
    """The most memory that its processes had since forget_peak(), what they share counted for each."""
    return sum(int(line.split()[1]) * 1024 for pid in server.process.family()
               for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:"))


def forget_peak(server):
    for pid in server.process.family():
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def one_reload(server, zones, version):
    ours = server.name.startswith("gslbd")
    path = server.home / "zones" / (f"{CHANGED}.json" if ours else CHANGED)
    watch = Watch(server.port)
    began = time.monotonic()
    watch.watch(BEFORE_S)
    forget_peak(server)
    before = peak_octets(server)
    changed = time.monotonic()
    zones.write(path, 0, version, "json" if ours else "master")
    telling = TELL[server.name](server)
    live = watch.watch(PATIENCE_S, zones.address(version))
    if live is None:
        raise SystemExit(f"{server.name} does not serve the change:\n{server.log.read_text()[-2000:]}")
    watch.watch(AFTER_S)
    if telling:
        telling.wait(PATIENCE_S)
    return {"live_s": live - changed, "gap_s": watch.longest_gap(changed, time.monotonic()),
            "usual_gap_s": watch.longest_gap(began, changed), "before": before,
            "more": peak_octets(server) - before}


def contest(zones, options):
    """The servers one after the other, as all of them together would need each other's memory and core."""
    found = {}
    for name in WRITERS:
        program = name.split()[0]
        if program not in options.servers or not available([program]):
            continue
        with tempfile.TemporaryDirectory(prefix="gslbd-bench-") as directory:
            with Running(name, directory, zones, WRITERS, f"www.{CHANGED}", patience=PATIENCE_S) as server:
                rounds = [one_reload(server, zones, version)
                          for version in range(1, 2 if options.quick else options.rounds + 1)]
        found[name] = {"medians": {key: median([each[key] for each in rounds]) for key in rounds[0]},
                       "rounds": rounds}
    return found


def report(found):
    table(["server", "s to the first new answer", "longest gap ms", "usual gap ms", "MB before", "MB more"],
          [[name, f"{each['live_s']:.3f}", f"{each['gap_s'] * 1e3:.1f}", f"{each['usual_gap_s'] * 1e3:.1f}",
            f"{each['before'] / 1e6:.0f}", f"{each['more'] / 1e6:.1f}"]
           for name, each in ((name, each["medians"]) for name, each in found.items())])


def run(options):
    shapes = {"many": Zones(100, 2), "large": Zones(1, 1_000)} if options.quick else \
             {"many": Zones(10_000, 5), "large": Zones(1, 1_000_000)}
    cores, result = os.sched_getaffinity(0), {}
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        for shape, zones in shapes.items():
            print(f"\none zone changes of {zones.count:,}, each with {zones.names + 1:,} names; "
                  "from just before its file is replaced")
            result[shape] = contest(zones, options)
            report(result[shape])
    finally:
        os.sched_setaffinity(0, cores)
    return result
