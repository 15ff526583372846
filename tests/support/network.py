# SPDX-License-Identifier: Apache-2.0
"""Networks of our own: Linux network namespaces joined by a bridge. What happens in them touches nothing outside, so
fixed ports and addresses are free there, and links can be cut."""

import itertools
import os
import subprocess

_numbers = itertools.count(1)


def _ip(*arguments, prefix=()):
    done = subprocess.run([*prefix, "ip", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Why network namespaces cannot be had here; None when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"gslbd-probe-{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (RuntimeError, FileNotFoundError) as error:
        return f"no network namespaces here: {error}"
    return None


class Namespace:
    """One host: its loopback is up; `prefix` before a command runs it there."""

    def __init__(self, label):
        self.name = f"gslbd-{os.getpid()}-{next(_numbers)}-{label}"
        _ip("netns", "add", self.name)
        # Not "ip netns exec": that remounts /sys, which the root of a chroot does not allow.
        self.prefix = ("nsenter", f"--net=/run/netns/{self.name}")
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments):
        return _ip(*arguments, prefix=self.prefix)

    def run(self, *command, **options):
        return subprocess.run([*self.prefix, *command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=options.pop("timeout", 60), **options)

    def pids(self):
        return _ip("netns", "pids", self.name).split()

    def swallow(self, address):
        """From now on whatever comes from `address` gets no reply, not even a refusal."""
        self.ip("route", "add", "blackhole", address)

    def heal(self, address):
        self.ip("route", "del", "blackhole", address)

    def close(self):
        _ip("netns", "del", self.name)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Network:
    """Hosts on one Ethernet: `host("fra", "172.30.53.11/24", "fd00:53::11/64")`."""

    def __init__(self):
        self._switch = Namespace("switch")
        self._hosts = []
        self._switch.ip("link", "add", "br0", "type", "bridge")
        self._switch.ip("link", "set", "br0", "up")

    def host(self, label, *addresses):
        host = Namespace(label)
        self._hosts.append(host)
        port = f"p{len(self._hosts)}"
        self._switch.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        self._switch.ip("link", "set", port, "master", "br0", "up")
        for address in addresses:
            # Without duplicate address detection, which would keep an IPv6 address unusable for a second.
            host.ip("addr", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        host.ip("link", "set", "eth0", "up")
        return host

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for namespace in [*self._hosts, self._switch]:
            namespace.close()
