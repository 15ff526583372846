# SPDX-License-Identifier: Apache-2.0
"""The real programs of an end-to-end test: gslbd and the sites (nginx). Each object owns its process, ends it by its
pid, and is a context manager, so that nothing outlives a test, however the test ends."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).resolve().parents[2]


def gslbd_binary():
    return os.environ.get("GSLBD_BINARY", str(ROOT / "build/release/gslbd"))


def gslbctl_binary():
    return os.environ.get("GSLBCTL_BINARY", str(Path(gslbd_binary()).with_name("gslbctl")))


class Process:
    """A running program whose standard error is collected line by line."""

    def __init__(self, command, cwd=None):
        self.lines = []
        self._news = threading.Condition()
        self.popen = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.popen.stderr:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_line(self, pattern, timeout=PATIENCE_S, after=0):
        """The match of the first line from number `after` on that matches; AssertionError with the log otherwise."""
        def found():
            return next((m for m in (re.search(pattern, line) for line in self.lines[after:]) if m), None)
        with self._news:
            self._news.wait_for(lambda: found() or not self._reader.is_alive()
                                or self.popen.poll() is not None, timeout)
        self._reader.join(1 if self.popen.poll() is not None else 0)
        match = found()
        if not match:
            raise AssertionError(f"no line like {pattern!r} in:\n" + "\n".join(self.lines))
        return match

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """Ends it at once, as a crash would."""
        if self.alive():
            self.popen.kill()
        self.popen.wait()
        self._close()

    def _close(self):
        self._reader.join(PATIENCE_S)
        self.popen.stderr.close()

    def stop(self):
        """Asks it to end, and returns its exit code."""
        if self.alive():
            self.popen.terminate()
            try:
                self.popen.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self._close()
        return self.popen.returncode

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


def _endpoint(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Gslbd(Process):
    """`gslbd run -c config`, back when it answers DNS. `endpoints` and `admin` are what it says it listens on."""

    def __init__(self, config_path, prefix=()):
        self.config_path = Path(config_path)
        super().__init__([*prefix, gslbd_binary(), "run", "-c", str(config_path)])
        try:
            self.wait_line(r"\bready\b")
        except AssertionError:
            self.kill()
            raise
        log = "\n".join(self.lines)
        self.endpoints = [_endpoint(text) for text in re.findall(r"listening on (\S+) \(udp, tcp\)", log)]
        admin = re.search(r"admin on (http://\S+)", log)
        self.admin = admin.group(1).rstrip("/") if admin else None

    @property
    def endpoint(self):
        return self.endpoints[0]

    def get(self, path):
        """(status, body) of an HTTP request to the admin address."""
        try:
            with urllib.request.urlopen(self.admin + path, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def post(self, command, body, **headers):
        """(status, reply) of a command: `body` is sent as JSON, octets as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.admin}/api/v1/{command}", data=data, method="POST",
                                         headers={"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else text

    def status(self):
        return json.loads(self.get("/api/v1/status")[1])

    def metrics(self):
        """{'name{labels}': value}"""
        text = self.get("/metrics")[1]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if line and not line.startswith("#")}

    def generation(self):
        return self.metrics()["gslbd_config_generation"]

    def reload(self):
        """Sends SIGHUP and returns when the new configuration serves."""
        before = self.generation()
        self.signal(signal.SIGHUP)
        wait_until(lambda: self.generation() > before, "the reload")


class Site(Process):
    """A datacentre: nginx on one address. /healthz says ok (see fail and mend), every other path names the site.
    One process, so that kill() closes the port as a crash of the whole site would. With a certificate it speaks TLS."""

    TEMPLATE = ROOT / "docker/demo/site.conf.template"
    FRAME = """daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {dir}/t; proxy_temp_path {dir}/t; fastcgi_temp_path {dir}/t;
  uwsgi_temp_path {dir}/t; scgi_temp_path {dir}/t;
  {server}
}}
"""

    def __init__(self, name, address, port, prefix=(), certificate=None):
        self.name, self.address, self.port = name, address, port
        self._prefix = prefix
        self._dir = tempfile.TemporaryDirectory(prefix=f"gslbd-site-{name}-")
        root = Path(self._dir.name)
        listen = f"{address}:{port}"
        if certificate:
            listen += f" ssl; ssl_certificate {certificate.file}; ssl_certificate_key {certificate.key}"
        server = self.TEMPLATE.read_text().replace("${SITE}", name).replace("${LISTEN}", listen)
        (root / "nginx.conf").write_text(self.FRAME.format(dir=root, server=server))
        self.start()

    def start(self):
        root = self._dir.name
        super().__init__([*self._prefix, "nginx", "-p", root, "-e", "stderr", "-c", f"{root}/nginx.conf"])
        if not self._prefix:
            wait_until(self._accepts, f"site {self.name} to listen")

    def _accepts(self):
        if not self.alive():
            self._reader.join(1)
            raise AssertionError(f"nginx for site {self.name} ended: " + " ".join(self.lines))
        with socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET) as sock:
            return sock.connect_ex((self.address.strip("[]"), self.port)) == 0

    def freeze(self):
        """It still accepts, and never answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        if self.alive():
            self.thaw()
        self.kill()
        return self.popen.returncode

    def __exit__(self, *unused):
        self.stop()
        self._dir.cleanup()


def free_port(*addresses):
    """A TCP port that is free on every one of `addresses`. If possible none that the kernel gives to clients, as probes
    and dig are."""
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(100):
        if first_ephemeral < 11_000:  # hardly any below
            with socket.socket() as first:
                first.bind((addresses[0], 0))
                port = first.getsockname()[1]
        else:
            port = random.SystemRandom().randrange(10_000, first_ephemeral)
        try:
            for address in addresses:
                with socket.socket() as sock:
                    sock.bind((address, port))
            return port
        except OSError:
            continue
    raise AssertionError("no port is free on all of " + ", ".join(addresses))
