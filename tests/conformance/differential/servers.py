# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, each serving the same zones on loopback ports of its own."""

import json
import re
import shutil
import socket
import subprocess

from dns_client import ask_udp
from names import to_text
from processes import Gslbd, Process, free_port, gslbd_binary
from waiting import wait_until

# A name whose first label is "@": `gslbd zone import` says that it cannot read it.
NOT_IMPORTED = re.compile(r"(?m)(?:^|[ (])\\064(?=[.\s)]|$)")
PEERS = {"nsd": "nsd", "knot": "knotd"}

NSD = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  rrl-ratelimit: 0
  ipv4-edns-size: 1232
  database: ""
  username: ""
  chroot: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd"
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zone.list"
remote-control:
  control-enable: no
"""

KNOT = """server:
  rundir: "{dir}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: 1232
database:
  storage: "{dir}"
log:
  - target: stderr
    any: info
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
"""


def missing():
    """Why the comparison cannot be made here; None when it can."""
    absent = [package for package, program in zip(("nsd", "knot"), PEERS.values()) if not shutil.which(program)]
    return f"the peers are missing: apt-get install {' '.join(absent)}" if absent else None


def _port():
    """A port that is free for UDP and TCP."""
    for _ in range(100):
        port = free_port("127.0.0.1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no port is free for UDP and TCP")


def _nsd(directory, port, files):
    zones = "".join(f'zone:\n  name: "{name}"\n  zonefile: "{path}"\n' for name, path in files.items())
    (directory / "nsd.conf").write_text(NSD.format(port=port, dir=directory) + zones)
    return ["nsd", "-d", "-c", str(directory / "nsd.conf")]


def _knot(directory, port, files):
    zones = "".join(f'  - domain: "{name}"\n    file: "{path}"\n' for name, path in files.items())
    (directory / "knot.conf").write_text(KNOT.format(port=port, dir=directory) + zones)
    return ["knotd", "-c", str(directory / "knot.conf")]


class Peer(Process):
    """NSD or Knot DNS with every zone loaded. `files` are {zone name: path of its master file}."""

    def __init__(self, name, directory, files):
        self.name = name
        directory.mkdir()
        self.endpoint = ("127.0.0.1", _port())
        super().__init__({"nsd": _nsd, "knot": _knot}[name](directory, self.endpoint[1], files))
        try:
            for zone in files:
                wait_until(lambda apex=zone: self._serves(apex), f"{name} to serve {zone}")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n" + "\n".join(self.lines)) from None

    def _serves(self, zone):
        if not self.alive() or any("error" in line for line in self.lines):
            raise AssertionError(f"{self.name} does not take the zones")
        try:
            return ask_udp(self.endpoint, zone, "SOA", timeout=0.1).authoritative
        except OSError:
            return False


class Ours(Gslbd):
    """gslbd with every zone of the directory loaded, from JSON."""

    def __init__(self, directory):
        super().__init__(_configuration(directory))


def _configuration(directory):
    path = directory / "gslbd.json"
    path.write_text(json.dumps({"listen": ["127.0.0.1:0"], "admin": {"listen": "127.0.0.1:0"},
                                "zones": ["json/*.json"], "watch": False}))
    return path


def _run(*arguments):
    done = subprocess.run([gslbd_binary(), *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"gslbd {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def write_zones(world, directory, imports):
    """Writes every zone three ways and returns {"ours": .., "exported": ..} of {zone name: path}: as a master file by
    the generator, as JSON for gslbd (by the generator, or what gslbd imports from that master file), and as a master
    file that gslbd exports."""
    for part in ("json", "master", "exported"):
        (directory / part).mkdir()
    files = {"master": {}, "exported": {}}
    for number, zone in enumerate(world.zones):
        name = to_text(zone.apex)
        master = directory / f"master/{number}.zone"
        master.write_text(zone.as_master())
        imported = imports and not NOT_IMPORTED.search(zone.as_master())
        (directory / f"json/{number}.json").write_text(_run("zone", "import", master) if imported else zone.as_json())
        files["master"][name] = master
    config = _configuration(directory)
    for number, name in enumerate(files["master"]):
        path = directory / f"exported/{number}.zone"
        path.write_text(_run("zone", "export", "-c", config, name))
        files["exported"][name] = path
    return files
