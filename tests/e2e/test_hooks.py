# SPDX-License-Identifier: Apache-2.0
"""Hooks whose receivers want TLS and a login: mail by STARTTLS and smtps, webhooks by https. What is told is that a
reload failed: that needs no sites."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import unittest

from case import E2eCase, zone
from certificates import Certificate
from processes import Process, free_port
from waiting import wait_until

ADDRESS = "127.0.0.1"
# Debian's own Python has aiosmtpd, whichever python3 runs the tests.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
HAVE_SMTP = subprocess.run([PYTHON, "-c", "import aiosmtpd"], capture_output=True, check=False).returncode == 0
PASSWORD = "open sesame"

MAIL_SERVER = """import json, ssl, sys, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

mode, port, certificate, key = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        print("mail", json.dumps({"tls": session.ssl is not None or mode == "smtps", "login": session.authenticated,
                                  "from": envelope.mail_from, "to": envelope.rcpt_tos,
                                  "text": envelope.content.decode()}), file=sys.stderr, flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"gslbd" and data.password == b"open sesame", handled=False)


options = {"plain": {}, "starttls": {"tls_context": tls, "require_starttls": True},
           "smtps": {"ssl_context": tls, "auth_require_tls": False}}[mode]
if mode != "plain":
    options.update(authenticator=authenticate, auth_required=True)
Controller(Handler(), hostname="127.0.0.1", port=int(port), **options).start()
print("ready", file=sys.stderr, flush=True)
threading.Event().wait()
"""


class HookCase(E2eCase):
    def setUp(self):
        super().setUp()
        self.certificate = Certificate(self.dir)
        self.trusting = {"ca_file": str(self.certificate.file)}

    def tell(self, hook):
        """A running server that has something to tell by this hook alone."""
        hook = {"on": ["reload_failed"], "group": "50ms", "retries": 0, **hook}
        server = self.gslbd(zones=[zone({})], hooks=[hook])
        self.write("gslbd.json", "{")
        server.signal(signal.SIGHUP)
        return server


@unittest.skipUnless(HAVE_SMTP, "python3-aiosmtpd is not installed")
class Mail(HookCase):
    def mail_server(self, mode):
        port = free_port(ADDRESS)
        self.write("server.py", MAIL_SERVER)
        server = Process([PYTHON, str(self.dir / "server.py"), mode, str(port), str(self.certificate.file),
                          str(self.certificate.key)])
        self.addCleanup(server.kill)
        server.wait_line("^ready$")
        return server, port

    def mail_hook(self, scheme, port, password=PASSWORD, **more):
        self.write("password", password + "\n").chmod(0o600)
        login = {"user": "gslbd", "password_file": "password"} if password else {}
        return {"type": "mail", "smtp": f"{scheme}://{ADDRESS}:{port}", "from": "gslbd@example.com",
                "to": "ops@example.com", **login, **more}

    def assert_arrives(self, mode, scheme):
        mail_server, port = self.mail_server(mode)
        self.tell(self.mail_hook(scheme, port, **self.trusting))
        mail = json.loads(mail_server.wait_line(r"^mail (.*)").group(1))
        self.assertTrue(mail["tls"] and mail["login"], mail)
        self.assertEqual((mail["from"], mail["to"]), ("gslbd@example.com", ["ops@example.com"]))
        self.assertIn("a reload failed", mail["text"])

    def assert_not_delivered(self, server, why):
        line = server.wait_line(r'hook mail-1: ".*" was not delivered after 1 attempts: (.*)').group(1)
        self.assertRegex(line, why)
        self.assertNotIn(PASSWORD, "\n".join(server.lines))

    def test_by_starttls_and_with_a_login(self):
        self.assert_arrives("starttls", "smtp")

    def test_by_smtps_and_with_a_login(self):
        self.assert_arrives("smtps", "smtps")

    def test_a_wrong_password_is_refused_and_never_told(self):
        mail_server, port = self.mail_server("starttls")
        server = self.tell(self.mail_hook("smtp", port, password="wrong " + PASSWORD, **self.trusting))
        self.assert_not_delivered(server, r"SMTP 535|[Ll]ogin denied")
        self.assertFalse([line for line in mail_server.lines if line.startswith("mail ")])

    def test_nobody_gets_the_password_without_tls(self):
        mail_server, port = self.mail_server("plain")
        server = self.tell(self.mail_hook("smtp", port, **self.trusting))  # with a user, TLS is required
        self.assert_not_delivered(server, r"STARTTLS")
        self.assertFalse([line for line in mail_server.lines if line.startswith("mail ")])

    def test_nor_with_a_certificate_that_is_not_trusted(self):
        for mode, scheme in (("starttls", "smtp"), ("smtps", "smtps")):
            with self.subTest(mode):
                mail_server, port = self.mail_server(mode)
                server = self.tell(self.mail_hook(scheme, port))
                self.assert_not_delivered(server, r"[Cc]ertificate")
                self.assertFalse([line for line in mail_server.lines if line.startswith("mail ")])


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *unused):
        pass


class Webhook(HookCase):
    def receiver(self):
        """It would rather be spoken to in HTTP/2, which it has not learnt."""
        receiver = http.server.ThreadingHTTPServer((ADDRESS, 0), Receiver)
        receiver.bodies = []
        context = self.certificate.server_context(["h2", "http/1.1"])
        receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        return receiver

    def webhook(self, receiver, **more):
        return {"type": "webhook", "url": f"https://{ADDRESS}:{receiver.server_address[1]}/", **more}

    def test_by_https(self):
        receiver = self.receiver()
        self.tell(self.webhook(receiver, **self.trusting))
        message = wait_until(lambda: receiver.bodies, "a message")[0]
        self.assertIn("a reload failed", message["summary"])

    def test_not_to_one_with_a_certificate_that_is_not_trusted(self):
        receiver = self.receiver()
        server = self.tell(self.webhook(receiver))
        server.wait_line(r"hook webhook-1: .* was not delivered after 1 attempts: .*[Cc]ertificate")
        self.assertEqual(receiver.bodies, [])


if __name__ == "__main__":
    unittest.main()
