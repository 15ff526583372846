# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, each with one UDP worker, serving the same content on a port of its own."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import peer_pools
import zone_data
from dns_client import ask_udp
from machine import Pinned
from processes import free_port, gslbd_binary
from waiting import pause
from zone_data import ZONE

TCP_CLIENTS = 12_000


@dataclass
class Content:
    """What a server is to serve: a zone in both languages, and perhaps pools beside it."""

    json: Path
    master: Path
    pools: object = None   # a workloads.Pools
    check_port: int = 0    # where its members are probed
    interval_s: int = 2    # how often; gdnsd can do no less
    cookies: bool = False  # whether clients may have cookies, where that is not the default

    @classmethod
    def write(cls, root, name, owners, pools=None, **more):
        """Files of what `owners` makes; it is called once for each language."""
        content = cls(root / f"{name}.json", root / f"{name}.master", pools, **more)
        zone_data.write_json(content.json, owners(), pools.names() if pools else ())
        zone_data.write_master(content.master, owners())
        return content

    @classmethod
    def of(cls, workload, root, **more):
        return cls.write(root, "zone", lambda: workload.owners(workload.names), workload.pools,
                         cookies=workload.cookies, **more)

    def master_of(self, server, path):
        """At `path` the master file for that server: its pools are written in its own way."""
        if self.pools:
            shutil.copy(self.master, path)
            with open(path, "a") as out:
                out.writelines(f"{line}\n" for line in peer_pools.LINES[server](self.pools, self.check_port))
        else:
            os.link(self.master, path)
        return path


def gslbd(directory, port, content):
    config = {"listen": [f"127.0.0.1:{port}"], "workers": 1, "zones": [str(content.json)], "watch": False,
              "admin": {"listen": "127.0.0.1:0"}, "log_level": "warning",
              "tcp": {"max_connections": TCP_CLIENTS, "max_connections_per_client": TCP_CLIENTS,
                      "idle_timeout": "5m"}}
    if content.pools:
        config |= peer_pools.gslbd(content)
    (directory / "gslbd.json").write_text(json.dumps(config))
    return [gslbd_binary(), "run", "-c", directory / "gslbd.json"]


def gdnsd(directory, port, content):
    (directory / "zones").mkdir()
    content.master_of("gdnsd", directory / "zones" / ZONE)
    (directory / "config").write_text(
        f"options => {{\n  listen => {{ 127.0.0.1:{port} => {{ udp_threads => 1, tcp_threads => 1, "
        f"tcp_clients_per_thread => {TCP_CLIENTS}, tcp_timeout => 300 }} }}\n"
        f"  run_dir => {directory}/run\n  state_dir => {directory}/state\n}}\n"
        + (peer_pools.gdnsd(content) if content.pools else ""))
    return ["gdnsd", "-c", directory, "start"]


def nsd(directory, port, content):
    (directory / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  rrl-ratelimit: 0\n'
        f'  minimal-responses: yes\n  answer-cookie: {"yes" if content.cookies else "no"}\n'
        f'  tcp-count: 1000\n  tcp-timeout: 300\n'
        f'  database: ""\n  username: ""\n  chroot: ""\n'
        f'  pidfile: "{directory}/nsd.pid"\n  xfrdfile: "{directory}/xfrd"\n  xfrdir: "{directory}"\n'
        f'  zonelistfile: "{directory}/zone.list"\nremote-control:\n  control-enable: no\n'
        f'zone:\n  name: {ZONE}\n  zonefile: "{content.master}"\n')
    return ["nsd", "-d", "-c", directory / "nsd.conf"]


def knot(directory, port, content):
    cookies = "template:\n  - id: default\n    global-module: mod-cookies\n" if content.cookies else ""
    (directory / "knot.conf").write_text(
        f'server:\n  rundir: "{directory}"\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n'
        f'  background-workers: 1\n  tcp-max-clients: {TCP_CLIENTS}\n  tcp-idle-timeout: 5m\n'
        f'database:\n  storage: "{directory}"\nlog:\n  - target: stderr\n    any: warning\n{cookies}'
        f'zone:\n  - domain: {ZONE}\n    file: "{content.master}"\n    zonefile-sync: -1\n    journal-content: none\n')
    return ["knotd", "-c", directory / "knot.conf"]


def pdns_command(directory, port, **settings):
    """PowerDNS with what stands in named.conf there."""
    settings = {"launch": "bind", "bind-config": directory / "named.conf", "local-address": "127.0.0.1",
                "local-port": port, "socket-dir": directory, "config-dir": directory, "daemon": "no",
                "guardian": "no", "receiver-threads": 1, "distributor-threads": 1, "security-poll-suffix": "",
                "loglevel": 3, "disable-syslog": "yes"} | settings
    return ["pdns_server", *(f"--{key.replace('_', '-')}={value}" for key, value in settings.items())]


def pdns(directory, port, content):
    """With its packet cache, so large that everything which was asked once is in it."""
    content.master_of("pdns", directory / "zone")
    (directory / "named.conf").write_text(f'zone "{ZONE}" {{ type native; file "{directory}/zone"; }};\n')
    return pdns_command(directory, port, cache_ttl=3600, negquery_cache_ttl=3600, query_cache_ttl=3600,
                        max_packet_cache_entries=2_000_000, max_tcp_connections=1000,
                        max_tcp_connections_per_client=0, max_tcp_transactions_per_conn=0,
                        enable_lua_records="shared", lua_health_checks_interval=content.interval_s,
                        edns_cookie_secret="0123456789abcdef" * 2 if content.cookies else "")


SERVERS = {"gslbd": gslbd, "gdnsd": gdnsd, "nsd": nsd, "knot": knot, "pdns": pdns}
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
    of `content`; once it serves, it knows the name `question`. `before` is put before its command."""

    def __init__(self, name, directory, content, writers=SERVERS, question=f"ns1.{ZONE}", patience=60, before=()):
        self.name, self.port = name, free_port("127.0.0.1")
        self.home = Path(directory) / f"{name}-{self.port}"
        self.home.mkdir()
        self.log = self.home / "log"
        command = [*before, *writers[name](self.home, self.port, content)]
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
