# SPDX-License-Identifier: Apache-2.0
"""The journal, the uptime figures made of it, and hooks with real receivers."""

import http.server
import json
import signal
import socket
import subprocess
import threading
import unittest
from email import message_from_string
from email.header import decode_header, make_header

from case import FAST, E2eCase, zone
from processes import gslbctl_binary
from waiting import wait_until

try:
    from aiosmtpd.controller import Controller
except ImportError:
    Controller = None

FRA = ["127.0.0.31", "127.0.0.32"]
NYC = "127.0.0.33"


class Receiver(http.server.ThreadingHTTPServer):
    """Takes webhooks. `statuses` are what the first requests are answered with; later ones get 204."""

    daemon_threads = True

    def __init__(self, statuses=()):
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.statuses = list(statuses)
        self.requests = []  # (headers, body)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=sesame"

    def bodies(self):
        return [body for _, body in self.requests]

    def close(self):
        self.shutdown()
        self.server_close()


class ReceiverHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.headers, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *unused):
        pass


class JournalCase(E2eCase):
    def setUp(self):
        super().setUp()
        *self.fra, self.nyc = self.sites(*FRA, NYC)
        (self.dir / "state").mkdir()

    def settings(self, **more):
        return {"zones": [zone({"www": {"pool": "www"}})], "identity": "ns-test", "state_dir": "state",
                "sites": {"fra": {}, "nyc": {}},
                "checks": {"web": {"type": "http", "port": self.nyc.port, "path": "/healthz", **FAST}},
                "pools": {"www": {"alive": "web", "members": [
                    *({"site": "fra", "address": address} for address in FRA), {"site": "nyc", "address": NYC}]}},
                **more}

    def start(self, **more):
        server = self.gslbd(**self.settings(**more))
        self.wait_addresses(server, "www.example.com", [*FRA, NYC])
        return server

    def journal(self, server, query=""):
        status, body = server.get("/api/v1/journal" + query)
        self.assertEqual(status, 200, body)
        return json.loads(body)["entries"]

    def wait_entry(self, server, query, what, matches=lambda entry: True):
        return wait_until(lambda: next((e for e in self.journal(server, query) if matches(e)), None), what)

    def lines(self):
        return [json.loads(line) for line in (self.dir / "state/journal.jsonl").read_text().splitlines()]

    def lose_fra(self, server):
        for site in self.fra:
            site.kill()
        self.wait_addresses(server, "www.example.com", [NYC])

    def run_gslbctl(self, server, *arguments):
        return subprocess.run([gslbctl_binary(), "-s", server.admin, *arguments], capture_output=True, text=True,
                              timeout=60)


class Journal(JournalCase):
    def test_a_lost_site_is_told_from_the_outcome_to_the_site(self):
        server = self.start()
        self.lose_fra(server)
        self.wait_entry(server, "?kind=site&site=fra", "fra to be down", lambda e: e["to"] == "down")
        down = [e for e in self.journal(server, "?kind=verdict&site=fra") if e["to"] == "down"]
        self.assertEqual(sorted(e["target"] for e in down), FRA)
        for entry in down:
            self.assertEqual((entry["check"], entry["from"], entry["reason"]), ("web", "up", "refused"))
            outcomes = self.journal(server, f"?kind=outcome&target={entry['target']}")
            self.assertEqual(outcomes[0]["reason"], "refused")
            # A probe that was under way when the site died may have failed for another reason before.
            before = [e for e in outcomes if e["seq"] < entry["seq"]]
            self.assertNotIn(before[0]["reason"], ("pass", ""), outcomes)
        everything = self.journal(server)
        self.assertEqual([e["seq"] for e in everything], list(range(len(everything), 0, -1)))
        self.assertEqual(everything[-1]["kind"], "start")
        self.assertEqual(self.journal(server, "?limit=2"), self.journal(server)[:2])
        self.assertEqual(self.journal(server, "?since=2100-01-01T00:00:00Z"), [])

    def test_wrong_questions_are_refused_with_what_was_meant(self):
        server = self.start()
        for query, word in (("?kind=verdit", "verdict"), ("?limt=1", "limit"), ("?limit=0", "1 to 1000"),
                            ("?since=yesterday", "24h")):
            with self.subTest(query=query):
                status, body = server.get("/api/v1/journal" + query)
                self.assertEqual(status, 422)
                self.assertIn(word, json.loads(body)["error"])

    def test_reloads_are_noted_good_and_bad(self):
        server = self.start()
        before = server.generation()
        server.reload()
        self.wait_entry(server, "?kind=reload", "the reload", lambda e: e["generation"] > before)
        self.write("gslbd.json", "{")
        server.signal(signal.SIGHUP)
        failed = self.wait_entry(server, "?kind=reload_failed", "the failed reload")
        self.assertIn("gslbd.json", failed["messages"][0])

    def test_what_is_forced_stands_there_with_its_author_and_its_end(self):
        server = self.start()
        scope = ("--site", "nyc", "--author", "anna")
        self.assertEqual(self.run_gslbctl(server, "force", "drain", "--reason", "new switch", *scope).returncode, 0)
        begun = self.wait_entry(server, "?kind=forced", "what was forced")
        self.assertEqual({key: begun[key] for key in ("action", "state", "site", "reason", "author")},
                         {"action": "forced", "state": "drain", "site": "nyc", "reason": "new switch",
                          "author": "anna"})
        self.assertEqual(self.run_gslbctl(server, "release", *scope).returncode, 0)
        ended = self.wait_entry(server, "?kind=forced", "its end", lambda e: e["action"] != "forced")
        self.assertEqual((ended["action"], ended["site"], ended["by"]), ("released", "nyc", "anna"))
        server.post("force", {"check": "web", "target": NYC, "state": "down", "for": "1s"})
        expired = self.wait_entry(server, "?kind=forced", "it to run out", lambda e: e["action"] == "expired")
        self.assertEqual((expired["check"], expired["target"]), ("web", NYC))
        server.stop()
        self.assertEqual([line["action"] for line in self.lines() if line["kind"] == "forced"],
                         ["forced", "released", "forced", "expired"])

    def test_it_goes_on_after_a_stop_and_after_a_crash(self):
        server = self.start()
        config = server.config_path
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.lines()[-1]["kind"], "stop")
        last = self.lines()[-1]["seq"]

        server = self.gslbd(config)
        start = self.wait_entry(server, "?kind=start", "the second start", lambda e: e["seq"] > last)
        self.assertEqual((start["seq"], start["clean"]), (last + 1, True))
        server.kill()
        # The crash cut a line off.
        with open(self.dir / "state/journal.jsonl", "a", encoding="utf-8") as file:
            file.write('{"at":"2026-01-01T00:00')

        server = self.gslbd(config)
        start = self.wait_entry(server, "?kind=start", "the third start", lambda e: e["seq"] > start["seq"])
        self.assertIs(start["clean"], False)
        self.assertIn("alive_until", start)
        page = json.loads(server.get("/api/v1/journal")[1])
        self.assertEqual(page["damaged_lines"], 1)
        sequences = [e["seq"] for e in page["entries"]]
        self.assertEqual(sequences, sorted(set(sequences), reverse=True))

    def test_without_a_journal_nothing_is_written_and_nothing_breaks(self):
        server = self.start(journal=False)
        self.lose_fra(server)
        self.assertEqual(self.journal(server), [])
        self.assertFalse((self.dir / "state/journal.jsonl").exists())
        self.assertEqual(server.stop(), 0)


class Uptime(JournalCase):
    def figures(self, server):
        return json.loads(server.get("/api/v1/uptime")[1])

    def site_hour(self, server, name):
        return next((s["windows"]["1h"] for s in self.figures(server)["sites"] if s["site"] == name), None)

    def test_targets_and_sites_have_figures_that_outlive_a_restart(self):
        server = self.start()
        self.fra[0].kill()
        self.wait_addresses(server, "www.example.com", [FRA[1], NYC])
        # One of two is down: the site is up.
        wait_until(lambda: any(t["target"] == FRA[0] and t["windows"]["1h"]["down_seconds"] > 0
                               for t in self.figures(server)["targets"]), "the target's figure to fall")
        self.assertEqual(self.site_hour(server, "fra")["ratio"], 1.0)
        self.fra[1].kill()
        wait_until(lambda: self.site_hour(server, "fra")["down_seconds"] > 0, "the site's figure to fall")
        self.assertEqual(self.site_hour(server, "nyc")["ratio"], 1.0)
        self.assertIn("uptime", server.status())
        metrics = server.metrics()
        self.assertEqual(metrics['gslbd_site_uptime_ratio{site="nyc",window="24h"}'], 1.0)
        self.assertLess(metrics[f'gslbd_target_uptime_ratio{{check="web",target="{FRA[0]}",window="30d"}}'], 1.0)
        self.assertGreater(metrics['gslbd_journal_entries_total{result="written"}'], 0)

        table = self.run_gslbctl(server, "uptime").stdout
        self.assertRegex(table, r"nyc +100\.000 %")
        config = server.config_path
        server.stop()
        before = self.lines()
        server = self.gslbd(config)
        down = wait_until(lambda: self.site_hour(server, "fra"), "the figures to be rebuilt")["down_seconds"]
        self.assertGreater(down, 0, before)
        listing = self.run_gslbctl(server, "journal", "--kind", "verdict", "--site", "fra").stdout
        self.assertIn("up -> down", listing)


class Hooks(JournalCase):
    def receiver(self, *statuses):
        receiver = Receiver(statuses)
        self.addCleanup(receiver.close)
        return receiver

    def webhook(self, receiver, **more):
        return {"type": "webhook", "url": receiver.url, "group": "500ms", "headers": {"X-Key": "open-sesame"}, **more}

    def test_a_lost_site_is_one_message(self):
        receiver = self.receiver()
        server = self.start(hooks=[self.webhook(receiver, group="2s", on=["verdict", "site"])])
        self.lose_fra(server)
        message = wait_until(receiver.bodies, "a message")[0]
        self.assertEqual((message["server"], message["events"]), ("ns-test", 3))
        self.assertIn("site fra is down", message["summary"])
        site, verdicts = message["groups"]
        self.assertEqual((verdicts["count"], verdicts["to"], verdicts["reasons"]), (2, "down", {"refused": 2}))
        self.assertEqual(receiver.requests[0][0]["X-Key"], "open-sesame")
        self.assertEqual(receiver.requests[0][0]["Content-Type"], "application/json")
        wait_until(lambda: server.metrics()['gslbd_hook_deliveries_total{hook="webhook-1",outcome="delivered"}'] == 1,
                   "the delivery to be counted")
        self.assertEqual(len(receiver.requests), 1)
        self.assertNotIn("sesame", "\n".join(server.lines))

    def test_a_datacentre_of_two_hundred_targets_is_one_message(self):
        addresses = [f"127.0.5.{number}" for number in range(1, 201)]
        door = socket.create_server(("0.0.0.0", 0), backlog=1000)

        def take():
            try:
                while True:
                    door.accept()[0].close()
            except OSError:  # closed: the datacentre is gone
                pass
        threading.Thread(target=take, daemon=True).start()
        receiver = self.receiver()
        settings = self.settings(hooks=[self.webhook(receiver, group="4s", on=["verdict", "site"])])
        settings["checks"]["door"] = {"type": "tcp", "port": door.getsockname()[1], **FAST}
        settings["sites"]["ams"] = {}
        settings["pools"]["big"] = {"alive": "door", "members": [
            {"site": "ams", "address": address} for address in addresses]}
        server = self.gslbd(**settings)
        self.wait_entry(server, "?kind=site&site=ams", "ams to be up", lambda e: e["to"] == "up")
        wait_until(lambda: len(self.journal(server, "?kind=verdict&check=door&limit=1000")) == 200, "every verdict")
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        message = wait_until(receiver.bodies, "a message")[0]
        self.assertEqual(message["events"], 201)
        self.assertEqual(message["summary"], "site ams is down; 1 more")
        self.assertEqual((message["groups"][1]["count"], len(message["groups"][1]["first"])), (200, 5))
        self.assertEqual(len(receiver.requests), 1)

    def test_a_receiver_that_is_sick_is_tried_again_with_the_same_message(self):
        receiver = self.receiver(503)
        server = self.start(hooks=[self.webhook(receiver, on="site")])
        self.lose_fra(server)
        wait_until(lambda: len(receiver.requests) == 2, "the second attempt")
        self.assertEqual(receiver.bodies()[0]["id"], receiver.bodies()[1]["id"])
        wait_until(lambda: server.metrics()['gslbd_hook_deliveries_total{hook="webhook-1",outcome="retried"}'] == 1,
                   "the retry to be counted")

    def test_a_receiver_that_refuses_is_not_tried_again(self):
        receiver = self.receiver(404)
        server = self.start(hooks=[self.webhook(receiver, on="site")])
        self.lose_fra(server)
        server.wait_line(r"hook webhook-1: .* was not delivered after 1 attempts: HTTP 404")
        self.assertEqual(len(receiver.requests), 1)

    def test_a_dead_receiver_delays_nobody(self):
        silent = socket.create_server(("127.0.0.1", 0))  # accepts, and never answers
        self.addCleanup(silent.close)
        receiver = self.receiver()
        dead = {"type": "webhook", "url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "timeout": "1m", "group": 0}
        server = self.start(hooks=[dead, self.webhook(receiver)])
        self.lose_fra(server)
        wait_until(receiver.bodies, "the other hook's message")
        for site in self.fra:
            site.start()
        self.wait_addresses(server, "www.example.com", [*FRA, NYC])
        # It waits three seconds for the dead one, not the hook's own minute: stop() would not be that patient.
        self.assertEqual(server.stop(), 0)

    def test_a_program_is_told(self):
        out = self.dir / "told"
        script = self.write("hook.sh", f'#!/bin/sh\ncat > "{out}.new"\nmv "{out}.new" "{out}"\n')
        script.chmod(0o755)
        server = self.start(hooks=[{"type": "exec", "command": "./hook.sh", "on": "site", "group": "100ms"}])
        self.lose_fra(server)
        wait_until(out.exists, "the program to have run")
        self.assertEqual(json.loads(out.read_text())["groups"][0]["site"], "fra")

    @unittest.skipIf(Controller is None, "python3-aiosmtpd is not installed")
    def test_a_mail_is_sent(self):
        mails = []

        class Handler:
            async def handle_DATA(self, _server, _session, envelope):
                mails.append(envelope)
                return "250 OK"
        controller = Controller(Handler(), hostname="127.0.0.1", port=0)
        # Port 0 is the kernel's choice; the controller itself would ask for it by that number.
        with socket.create_server(("127.0.0.1", 0)) as free:
            controller.port = free.getsockname()[1]
        controller.start()
        self.addCleanup(controller.stop)
        server = self.start(hooks=[{"type": "mail", "smtp": f"smtp://127.0.0.1:{controller.port}", "group": "100ms",
                                    "from": "gslbd@example.com", "to": ["ops@example.com", "noc@example.com"],
                                    "on": ["site"]}])
        self.lose_fra(server)
        mail = wait_until(lambda: mails, "a mail")[0]
        self.assertEqual(mail.mail_from, "gslbd@example.com")
        self.assertEqual(mail.rcpt_tos, ["ops@example.com", "noc@example.com"])
        parsed = message_from_string(mail.content.decode())
        self.assertEqual(str(make_header(decode_header(parsed["Subject"]))), "[gslbd ns-test] site fra is down")
        self.assertIn("site fra is down", parsed.get_payload())

    def test_a_reload_changes_hooks_and_a_failed_one_is_told(self):
        first, second = self.receiver(), self.receiver()
        server = self.start(hooks=[self.webhook(first, on="reload_failed")])
        self.configure(**self.settings(hooks=[self.webhook(second, on="reload_failed")]))
        server.reload()
        self.write("gslbd.json", "{")
        server.signal(signal.SIGHUP)
        message = wait_until(second.bodies, "the second receiver's message")[0]
        self.assertIn("a reload failed", message["summary"])
        self.assertEqual(first.requests, [])


if __name__ == "__main__":
    unittest.main()
