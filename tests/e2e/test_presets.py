# SPDX-License-Identifier: Apache-2.0
"""The presets of the check type tcp against real servers, plain and with TLS where the protocol begins with it: each is
found, and its death is noticed."""

import getpass
import os
import shutil
import subprocess
import sys
import unittest

from case import E2eCase, members, zone
from certificates import Certificate
from processes import Process, free_port
from waiting import wait_until

ADDRESS = "127.0.0.1"
QUICK = {"type": "tcp", "interval": "500ms", "timeout": "500ms", "rise": 1, "fall": 1, "confirm_interval": "100ms"}
POSTGRESQL = "/usr/lib/postgresql/15/bin"

SMTP = """import ssl
import sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
import threading
context = None
if sys.argv[2:]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]), ssl_context=context).start()
threading.Event().wait()
"""

VSFTPD = """listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
run_as_launching_user=YES
secure_chroot_dir={dir}
"""
VSFTPD_TLS = """ssl_enable=YES
implicit_ssl=YES
rsa_cert_file={certificate.file}
rsa_private_key_file={certificate.key}
"""

DOVECOT = """protocols = imap pop3
base_dir = {dir}/dovecot
state_dir = {dir}/dovecot
log_path = /dev/stderr
{ssl}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
mail_location = maildir:{dir}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
    ssl = {tls}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
    ssl = {tls}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password=x
}}
"""


def as_nobody_special():
    """What stands before a command that will not run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class Presets(E2eCase):
    def server_process(self, command, cwd=None):
        process = Process(command, cwd)
        self.addCleanup(process.kill)
        return process

    def watch(self, certificate=None, **ports):
        """A running gslbd with one check for each preset on the port of that name; with a certificate, over TLS."""
        tls = {"tls": True, "ca_file": str(certificate.file)} if certificate else {}
        checks = {name: {**QUICK, "preset": name, "port": port, **tls} for name, port in ports.items()}
        pools = {name: {"alive": name, "members": members(ADDRESS), "when_all_down": "nodata"} for name in ports}
        records = {name: {"pool": name} for name in ports}
        return self.gslbd(zones=[zone(records)], checks=checks, pools=pools)

    def wait_verdict(self, server, preset, verdict, outcome):
        """The detail of the probe that led to it."""
        def found():
            for check in server.status()["checks"]:
                last = check.get("last") or {}
                if check["check"] == preset and check["verdict"] == verdict and last.get("outcome") == outcome:
                    return last.get("detail", "") or " "
            return None
        return wait_until(found, f"{preset} to be {verdict} for {outcome}: {server.status()['checks']}")

    def holds_for(self, process, preset, port, certificate=None):
        """The server is up, and down once it is killed."""
        server = self.watch(certificate, **{preset: port})
        self.wait_verdict(server, preset, "up", "pass")
        process.kill()
        self.wait_verdict(server, preset, "down", "refused")

    def redis(self, *ports):
        return self.server_process(["redis-server", "--bind", ADDRESS, *ports, "--save", "", "--requirepass", "secret",
                                    "--dir", str(self.dir)])

    def test_redis(self):
        port = free_port(ADDRESS)
        self.holds_for(self.redis("--port", str(port)), "redis", port)

    def test_redis_with_tls(self):
        port, certificate = free_port(ADDRESS), Certificate(self.dir)
        redis = self.redis("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no", "--tls-cert-file",
                           str(certificate.file), "--tls-key-file", str(certificate.key), "--tls-ca-cert-file",
                           str(certificate.file))
        self.holds_for(redis, "redis", port, certificate)

    def smtp(self, port, *certificate):
        self.write("smtp.py", SMTP)
        # Debian's own Python has the module, whichever python3 runs the tests.
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        return self.server_process([python, str(self.dir / "smtp.py"), str(port), *map(str, certificate)])

    def test_smtp(self):
        port = free_port(ADDRESS)
        self.holds_for(self.smtp(port), "smtp", port)

    def test_smtp_with_tls(self):
        port, certificate = free_port(ADDRESS), Certificate(self.dir)
        self.holds_for(self.smtp(port, certificate.file, certificate.key), "smtp", port, certificate)

    def ftp(self, port, more=""):
        self.write("vsftpd.conf", VSFTPD.format(port=port, dir=self.dir) + more)
        return self.server_process(["vsftpd", str(self.dir / "vsftpd.conf")])

    def test_ftp(self):
        port = free_port(ADDRESS)
        self.holds_for(self.ftp(port), "ftp", port)

    def test_ftp_with_tls(self):
        port, certificate = free_port(ADDRESS), Certificate(self.dir)
        self.holds_for(self.ftp(port, VSFTPD_TLS.format(certificate=certificate)), "ftp", port, certificate)

    def test_imap_and_pop3(self):
        self.mail_holds("ssl = no", "no")

    def test_imap_and_pop3_with_tls(self):
        certificate = Certificate(self.dir)
        self.mail_holds(f"ssl = required\nssl_cert = <{certificate.file}\nssl_key = <{certificate.key}", "yes",
                        certificate)

    def mail_holds(self, ssl, tls, certificate=None):
        imap, pop3 = free_port(ADDRESS), free_port(ADDRESS)
        root = os.geteuid() == 0
        self.dir.chmod(0o755)
        (self.dir / "dovecot").mkdir()
        me = getpass.getuser()
        self.write("dovecot.conf", DOVECOT.format(
            dir=self.dir, imap=imap, pop3=pop3, user="dovecot" if root else me, group="dovecot" if root else me,
            login="dovenull" if root else me, ssl=ssl, tls=tls))
        dovecot = self.server_process(["dovecot", "-F", "-c", str(self.dir / "dovecot.conf")])
        server = self.watch(certificate, imap=imap, pop3=pop3)
        self.wait_verdict(server, "imap", "up", "pass")
        self.wait_verdict(server, "pop3", "up", "pass")
        dovecot.stop()  # its children hold the listening sockets: they must end with it
        self.wait_verdict(server, "imap", "down", "refused")
        self.wait_verdict(server, "pop3", "down", "refused")

    def test_mysql(self):
        port = free_port(ADDRESS)
        common = ["mariadbd", "--no-defaults", f"--datadir={self.dir}/data", "--innodb-buffer-pool-size=8M"]
        if os.geteuid() == 0:
            common.append("--user=root")
        (self.dir / "data").mkdir()
        tables = "create database mysql;\nuse mysql;\n"
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            with open(f"/usr/share/mysql/{name}", encoding="utf-8") as script:
                tables += script.read()
        subprocess.run([*common, "--bootstrap"], input=tables, text=True, check=True, capture_output=True)
        mariadb = self.server_process([*common, f"--socket={self.dir}/socket", f"--pid-file={self.dir}/pid",
                                       f"--bind-address={ADDRESS}", f"--port={port}"])
        self.holds_for(mariadb, "mysql", port)
        denied = [line for line in mariadb.lines if "Access denied for user 'gslbd'" in line]
        self.assertTrue(denied, "a probe is a denied login, not a broken handshake")

    def test_postgresql(self):
        port = free_port(ADDRESS)
        self.dir.chmod(0o755)
        home = self.dir / "postgresql"
        home.mkdir()
        if os.geteuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        self.write("password", "x\n")
        subprocess.run([*as_nobody_special(), f"{POSTGRESQL}/initdb", "-N", "-A", "password", "--pwfile",
                        str(self.dir / "password"), "-D", str(home / "data")],
                       check=True, capture_output=True, cwd=home)
        postgresql = self.server_process(
            [*as_nobody_special(), f"{POSTGRESQL}/postgres", "-D", str(home / "data"), "-k", str(home), "-p", str(port),
             "-c", f"listen_addresses={ADDRESS}"], cwd=home)
        server = self.watch(postgresql=port)
        self.wait_verdict(server, "postgresql", "up", "pass")
        postgresql.stop()
        self.wait_verdict(server, "postgresql", "down", "refused")

    def test_the_wrong_server_is_told_apart(self):
        port = free_port(ADDRESS)
        self.ftp(port)
        server = self.watch(redis=port)
        detail = self.wait_verdict(server, "redis", "down", "protocol")
        self.assertIn('this is no Redis server that takes clients: "220 (vsFTPd', detail)


if __name__ == "__main__":
    unittest.main()
