# SPDX-License-Identifier: Apache-2.0
"""The servers whose health checks are compared, each checking the same sites by http as fast as it permits."""

import json
import subprocess
from dataclasses import dataclass, field

from peers import Running
from processes import gslbd_binary
from zone_data import ZONE

NAME = f"www.{ZONE}"
PATH = "/healthz"
# Detects in 200 + 150 + 150 ms at the latest (see detection_s), in half of that usually.
FAST = {"interval": "200ms", "timeout": "150ms", "fall": 2, "rise": 2, "confirm_interval": "50ms"}
DEFAULTS = {"interval": "2s", "timeout": "1s", "fall": 3, "rise": 2, "confirm_interval": "250ms"}
ONCE_A_SECOND = {"interval": "1s", "timeout": "900ms", "fall": 2, "rise": 2, "confirm_interval": "250ms"}
# How often each server checks the others at its fastest; gslbd could more often, but once a second is what we promise.
INTERVALS_S = {"gslbd": 1, "gdnsd": 2, "pdns": 1}


@dataclass
class Plan:
    """What a server is to check: the members of NAME, and targets that nobody asks for."""

    members: list
    port: int
    others: list = field(default_factory=list)
    others_port: int = 0
    check: dict = field(default_factory=lambda: dict(FAST))
    others_check: dict = field(default_factory=lambda: dict(ONCE_A_SECOND))

    def groups(self, size):
        """The others in groups: {name: addresses}."""
        return {f"o{first}": self.others[first:first + size] for first in range(0, len(self.others), size)}


def loopbacks(count):
    """So many addresses under 127.128.0.0/9."""
    return [f"127.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}" for number in range(1, count + 1)]


def detection_s(check):
    """When the settings promise that a death without an answer is found: the failing probe starts one interval later
    at the latest, takes its timeout, and so do those that confirm it."""
    def seconds(text):
        return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])
    again = max(seconds(check["confirm_interval"]), seconds(check["timeout"]))
    return seconds(check["interval"]) + seconds(check["timeout"]) + (check["fall"] - 1) * again


def gslbd(home, port, plan):
    def http(port, settings):
        return {"type": "http", "port": port, "path": PATH, "expect": {"status": 200}, **settings}

    def pool(addresses, check):
        return {"alive": check, "members": [{"address": address} for address in addresses]}
    groups = plan.groups(200)
    (home / "zone.json").write_text(json.dumps(
        {"zone": ZONE, "records": {"@": {"NS": ["ns1.example.net.", "ns2.example.net."]}, "www": {"pool": "www"},
                                   **{name: {"pool": name} for name in groups}}}))
    checks = {"web": http(plan.port, plan.check)}
    if groups:
        checks["others"] = http(plan.others_port, plan.others_check)
    (home / "gslbd.json").write_text(json.dumps(
        {"listen": [f"127.0.0.1:{port}"], "workers": 1, "zones": ["zone.json"], "watch": False,
         "admin": {"listen": "127.0.0.1:0"}, "checks": checks,
         "pools": {"www": pool(plan.members, "web"),
                   **{name: pool(addresses, "others") for name, addresses in groups.items()}}}))
    return [gslbd_binary(), "run", "-c", home / "gslbd.json"]


def supports(directory, option):
    """Whether this gslbd knows the check option, such as {"hold": true}."""
    home = directory / f"supports-{'-'.join(option)}"
    home.mkdir(exist_ok=True)
    gslbd(home, 0, Plan(["127.0.0.1"], 80, check={**FAST, **option}))
    return subprocess.run([gslbd_binary(), "check", "-c", home / "gslbd.json"], capture_output=True,
                          stdin=subprocess.DEVNULL).returncode == 0


def gdnsd(home, port, plan):
    def service(name, port):
        # An interval below 2 s is "out of range" for gdnsd 3.8, the timeout must be below the interval.
        return (f"  {name} => {{ plugin => http_status, port => {port}, url_path => {PATH}, vhost => {NAME}, "
                "ok_codes => [ 200 ], interval => 2, timeout => 1, "
                "up_thresh => 1, ok_thresh => 1, down_thresh => 1 }\n")

    def resource(name, service, addresses):
        listed = ", ".join(f"a{number} => {address}" for number, address in enumerate(addresses))
        return f"    {name} => {{ service_types => {service}, up_thresh => 0.01, {listed} }}\n"
    groups = plan.groups(50)
    (home / "zones").mkdir()
    (home / "zones" / ZONE).write_text(
        "$TTL 60\n@ SOA ns1.example.net. hostmaster.example.net. 1 3600 600 1209600 60\n@ NS ns1.example.net.\n"
        + "".join(f"{name} 1 DYNA multifo!{name}\n" for name in ["www", *groups]))
    (home / "config").write_text(
        f"options => {{\n  listen => {{ 127.0.0.1:{port} => {{ udp_threads => 1, tcp_threads => 1 }} }}\n"
        f"  run_dir => {home}/run\n  state_dir => {home}/state\n}}\n"
        f"service_types => {{\n{service('web', plan.port)}{service('others', plan.others_port or 80)}}}\n"
        "plugins => {\n  multifo => {\n" + resource("www", "web", plan.members)
        + "".join(resource(name, "others", addresses) for name, addresses in groups.items()) + "  }\n}\n")
    return ["gdnsd", "-c", home, "start"]


def pdns_groups(plan):
    """The names to ask for once: PowerDNS checks what it was asked for."""
    return plan.groups(20)


def pdns(home, port, plan):
    def record(name, port, addresses, selector):
        quoted = ", ".join(f"'{address}'" for address in addresses)
        return (f"{name} 1 IN LUA A \"ifurlup('http://{NAME}:{port}{PATH}', {{{quoted}}}, "
                f"{{selector='{selector}', timeout=1}})\"\n")
    (home / "zone").write_text(
        f"$ORIGIN {ZONE}.\n$TTL 60\n@ IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 1209600 60\n"
        "@ IN NS ns1.example.net.\n" + record("www", plan.port, plan.members, "all")
        + "".join(record(name, plan.others_port, addresses, "random") for name, addresses in pdns_groups(plan).items()))
    (home / "named.conf").write_text(f'zone "{ZONE}" {{ type native; file "{home}/zone"; }};\n')
    settings = {"launch": "bind", "bind-config": home / "named.conf", "local-address": "127.0.0.1",
                "local-port": port, "socket-dir": home, "config-dir": home, "daemon": "no", "guardian": "no",
                "receiver-threads": 1, "distributor-threads": 1, "enable-lua-records": "shared",
                "lua-health-checks-interval": 1, "security-poll-suffix": "", "loglevel": 3,
                "disable-syslog": "yes"}
    return ["pdns_server", *(f"--{key}={value}" for key, value in settings.items())]


SERVERS = {"gslbd": gslbd, "gdnsd": gdnsd, "pdns": pdns}


def start(name, directory, plan):
    return Running(name, directory, plan, SERVERS, NAME)
