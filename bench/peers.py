# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, each with one UDP worker, serving the same zone on a port of its own."""

import json
import shutil
import time
from pathlib import Path

from dns_client import ask_udp
from machine import Pinned
from processes import free_port, gslbd_binary
from waiting import pause
from zone_data import ZONE


def gslbd(directory, port, zones):
    config = {"listen": [f"127.0.0.1:{port}"], "workers": 1, "zones": [str(zones["json"])], "watch": False,
              "admin": {"listen": "127.0.0.1:0"}, "log_level": "warning"}
    (directory / "gslbd.json").write_text(json.dumps(config))
    return [gslbd_binary(), "run", "-c", directory / "gslbd.json"]


def gdnsd(directory, port, zones):
    (directory / "zones").mkdir()
    shutil.copy(zones["master"], directory / "zones" / ZONE)
    (directory / "config").write_text(
        f"options => {{\n  listen => {{ 127.0.0.1:{port} => {{ udp_threads => 1, tcp_threads => 1 }} }}\n"
        f"  run_dir => {directory}/run\n  state_dir => {directory}/state\n}}\n")
    return ["gdnsd", "-c", directory, "start"]


def nsd(directory, port, zones):
    (directory / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  rrl-ratelimit: 0\n'
        f'  database: ""\n  username: ""\n  chroot: ""\n'
        f'  pidfile: "{directory}/nsd.pid"\n  xfrdfile: "{directory}/xfrd"\n  xfrdir: "{directory}"\n'
        f'  zonelistfile: "{directory}/zone.list"\nremote-control:\n  control-enable: no\n'
        f'zone:\n  name: {ZONE}\n  zonefile: "{zones["master"]}"\n')
    return ["nsd", "-d", "-c", directory / "nsd.conf"]


def knot(directory, port, zones):
    (directory / "knot.conf").write_text(
        f'server:\n  rundir: "{directory}"\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n'
        f'  background-workers: 1\ndatabase:\n  storage: "{directory}"\nlog:\n  - target: stderr\n    any: warning\n'
        f'zone:\n  - domain: {ZONE}\n    file: "{zones["master"]}"\n    zonefile-sync: -1\n    journal-content: none\n')
    return ["knotd", "-c", directory / "knot.conf"]


SERVERS = {"gslbd": gslbd, "gdnsd": gdnsd, "nsd": nsd, "knot": knot}
PROGRAMS = {"gslbd": gslbd_binary(), "gdnsd": "gdnsd", "nsd": "nsd", "knot": "knotd", "pdns": "pdns_server"}


def available(names):
    """Those of the servers that are installed; says which are not."""
    found = [name for name in names if shutil.which(PROGRAMS[name])]
    for name in names:
        if name not in found:
            print(f"{name} is not installed: left out")
    return found


def answers(port, name):
    try:
        return ask_udp(("127.0.0.1", port), name, timeout=0.05).rcode == "NOERROR"
    except (OSError, ValueError):
        return False


class Running:
    """The server `name`, answering; `ready_s` is how long that took from its start. `writers` make its configuration
    of `content`; once it serves, it knows the name `question`."""

    def __init__(self, name, directory, content, writers=SERVERS, question=f"n0.{ZONE}", patience=60):
        self.name, self.port = name, free_port("127.0.0.1")
        self.home = Path(directory) / f"{name}-{self.port}"
        self.home.mkdir()
        self.log = self.home / "log"
        command = writers[name](self.home, self.port, content)
        began = time.monotonic()
        self.process = Pinned(command, self.log)
        while not answers(self.port, question):
            if not self.process.alive() or time.monotonic() - began > patience:
                self.process.stop()
                raise SystemExit(f"{name} does not serve:\n{self.log.read_text()[-2000:]}")
            pause(0.002)
        self.ready_s = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stop()
