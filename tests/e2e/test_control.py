# SPDX-License-Identifier: Apache-2.0
"""What operators force: over HTTP and with gslbctl, in the very next answer, over reloads and restarts; and maintenance
windows that do it by themselves."""

import datetime
import json
import os
import subprocess
import unittest

from case import FAST, E2eCase, zone
from load import Load
from processes import gslbctl_binary
from waiting import wait_until

ONE, TWO = "127.0.0.21", "127.0.0.22"
TOKEN = "an-admin-token-of-the-test"


def gslbctl(server, *arguments, **environment):
    """(exit code, standard output, standard error) of a gslbctl that asks this server."""
    command = [gslbctl_binary(), "-s", server.admin, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30,
                          env={**os.environ, "USER": "anna", **environment})
    return done.returncode, done.stdout, done.stderr


class Control(E2eCase):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.sites(ONE, TWO)
        (self.dir / "state").mkdir()

    def settings(self, **more):
        return {"zones": [zone({"www": {"pool": "www"}})],
                "sites": {"fra": {}, "nyc": {}},
                "checks": {"web": {"type": "http", "port": self.one.port, "path": "/healthz", **FAST}},
                "pools": {"www": {"alive": "web", "members": [{"site": "fra", "address": ONE},
                                                              {"site": "nyc", "address": TWO}]}},
                **more}

    def start(self, **more):
        server = self.gslbd(**self.settings(**more))
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        return server

    def answer(self, server):
        return self.addresses(server, "www.example.com")

    # --- in the answers ---

    def test_a_drained_site_is_out_of_the_very_next_answer(self):
        server = self.start()
        for _ in range(20):
            status, reply = server.post("force", {"site": "fra", "state": "drain"})
            self.assertEqual((status, reply["matches"]), (200, 1))
            self.assertEqual(self.answer(server), [TWO])
            self.assertEqual(server.post("release", {"site": "fra"})[0], 200)
            self.assertEqual(self.answer(server), [ONE, TWO])

    def test_a_drained_site_does_not_come_back_when_the_others_die_but_a_name_is_never_empty(self):
        server = self.start()
        server.post("force", {"site": "fra", "state": "drain"})
        self.two.kill()
        wait_until(lambda: server.metrics().get(f'gslbd_check_up{{check="web",target="{TWO}"}}') == 0, "nyc to be down")
        self.assertEqual(self.answer(server), [TWO])
        server.post("force", {"site": "nyc", "state": "drain"})
        self.assertEqual(self.answer(server), [ONE])

    def test_up_and_down_go_over_what_the_checks_say_and_both_are_shown(self):
        server = self.start()
        server.post("force", {"check": "web", "target": ONE, "state": "down", "reason": "it lies", "author": "anna"})
        self.assertEqual(self.answer(server), [TWO])
        server.post("force", {"pool": "www", "member": ONE, "state": "up"})
        self.assertEqual(self.answer(server), [ONE, TWO])
        server.post("release", {"pool": "www", "member": ONE})
        status = server.status()
        member = next(m for m in status["pools"][0]["members"] if m["address"] == ONE)
        self.assertEqual((member["state"], member["checked"], member["checks"]["web"]), ("down", "up", "up"))
        target = next(c for c in status["checks"] if c["target"] == ONE)
        self.assertEqual((target["verdict"], target["forced"]["state"], target["forced"]["reason"]),
                         ("up", "down", "it lies"))
        self.assertEqual(server.metrics()[f'gslbd_forced{{scope="target",name="web {ONE}",state="down"}}'], 1)
        self.assertIn("forced down by anna: it lies", server.get("/")[1])

    def test_what_is_forced_for_a_time_ends_by_itself(self):
        server = self.start()
        server.post("force", {"site": "fra", "state": "drain", "for": "1s"})
        self.assertEqual(self.answer(server), [TWO])
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        server.wait_line("expired: site fra: drain")
        self.assertEqual(json.loads(server.get("/api/v1/forced")[1])["forced"], [])

    def test_commands_under_load_lose_no_query_and_leave_no_name_empty(self):
        server = self.start()

        def judge(answer):
            return None if answer.rcode == "NOERROR" and set(answer.addresses) <= {ONE, TWO} and answer.addresses \
                else f"{answer.rcode} {answer.addresses}"
        with Load(server.endpoint, ["www.example.com"], judge) as load:
            for turn in range(60):
                site = ("fra", "nyc")[turn % 2]
                self.assertEqual(server.post("force", {"site": site, "state": "drain"})[0], 200)
                if turn % 3 == 2:
                    self.assertEqual(server.post("release", {"site": site})[0], 200)
        self.assertEqual((load.lost, load.wrong), ([], []))
        self.assertGreater(min(load.answered.values()), 0)

    # --- over reloads and restarts ---

    def test_forced_states_survive_a_reload_that_forgets_their_names_and_one_that_knows_them_again(self):
        server = self.start()
        server.post("force", {"site": "fra", "state": "drain"})
        generation = server.generation()
        whole = self.settings()
        self.configure(**{**whole, "sites": {"nyc": {}},
                          "pools": {"www": {"alive": "web", "members": [{"site": "nyc", "address": TWO}]}}})
        wait_until(lambda: server.generation() > generation, "the reload")
        forced = json.loads(server.get("/api/v1/forced")[1])["forced"]
        self.assertEqual([(entry["site"], entry["matches"], entry["note"]) for entry in forced],
                         [("fra", 0, "matches nothing")])
        generation = server.generation()
        self.configure(**whole)
        wait_until(lambda: server.generation() > generation, "the second reload")
        self.wait_addresses(server, "www.example.com", [TWO])
        self.assertEqual(json.loads(server.get("/api/v1/forced")[1])["forced"][0]["matches"], 1)

    def test_a_crash_right_after_the_reply_forgets_nothing(self):
        server = self.start(state_dir="state")
        status, reply = server.post("force", {"site": "fra", "state": "drain", "reason": "switch", "for": "1h"})
        self.assertEqual((status, reply["kept"]), (200, True))
        server.kill()
        again = self.gslbd(self.dir / "gslbd.json")
        self.assertEqual(self.answer(again), [TWO])
        entry = json.loads(again.get("/api/v1/forced")[1])["forced"][0]
        self.assertEqual((entry["reason"], entry["until"]), ("switch", reply["until"]))

    def test_without_a_state_directory_the_reply_warns(self):
        server = self.start()
        reply = server.post("force", {"site": "fra", "state": "drain"})[1]
        self.assertEqual((reply["kept"], reply["warning"]),
                         (False, "no state_dir is configured: a restart forgets this"))

    def test_a_damaged_file_is_set_aside_and_reported(self):
        (self.dir / "state/forced.json").write_text('{"version": 1, "forced": [{')
        server = self.start(state_dir="state")
        self.assertIn("is set aside as", json.loads(server.get("/api/v1/forced")[1])["warning"])
        self.assertRegex(gslbctl(server, "status")[1], r"(?m)^ALARM .*is set aside as")
        self.assertTrue((self.dir / "state/forced.json.damaged").exists())

    def test_a_second_server_with_the_same_state_directory_is_refused(self):
        server = self.start(state_dir="state")
        done = self.run_gslbd("run", "-c", self.dir / "gslbd.json")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"state_dir \S+state is in use by another gslbd \(process \d+\)")
        journal = (self.dir / "state/journal.jsonl").read_text()
        self.assertEqual(journal.count('"kind":"start"'), 1)
        self.assertEqual(self.answer(server), [ONE, TWO])

    def test_a_reload_cannot_move_to_the_state_directory_of_another(self):
        (self.dir / "mine").mkdir()
        self.start(state_dir="state")
        settings = json.loads((self.dir / "gslbd.json").read_text())
        other = self.gslbd(self.write("other.json", {**settings, "state_dir": "mine"}))
        self.write("other.json", settings)
        other.wait_line("cannot be installed: state_dir .* is in use by another gslbd")
        self.write("other.json", {**settings, "state_dir": "mine", "identity": "x"})
        wait_until(lambda: other.status()["identity"] == "x", "the next reload")

    # --- who may ---

    def test_with_a_token_nobody_commands_without_it(self):
        self.write("token", TOKEN + "\n").chmod(0o600)
        server = self.start(admin={"listen": "127.0.0.1:0", "token_file": "token"})
        body = {"site": "fra", "state": "drain"}
        self.assertEqual(server.post("force", body)[0], 401)
        self.assertEqual(server.post("force", body, Authorization="Bearer wrong")[0], 401)
        self.assertEqual(self.answer(server), [ONE, TWO])
        self.assertEqual(server.post("force", body, Authorization=f"Bearer {TOKEN}")[0], 200)
        code, _, error = gslbctl(server, "release", "--site", "fra")
        self.assertEqual((code, error), (1, 'gslbctl: this needs a token: send it as "Authorization: Bearer <token>" '
                                            "(gslbctl: --token-file)\n"))
        self.assertEqual(gslbctl(server, "release", "--site", "fra", "--token-file", str(self.dir / "token"))[0], 0)
        self.assertEqual(self.answer(server), [ONE, TWO])

    def test_a_new_token_counts_as_soon_as_its_file_has_changed(self):
        self.write("token", TOKEN + "\n").chmod(0o600)
        server = self.start(admin={"listen": "127.0.0.1:0", "token_file": "token"})
        generation = server.generation()
        self.write("token", "another-token-of-the-test\n")
        wait_until(lambda: server.generation() > generation, "the reload")
        body = {"site": "fra", "state": "drain"}
        self.assertEqual(server.post("force", body, Authorization=f"Bearer {TOKEN}")[0], 401)
        self.assertEqual(server.post("force", body, Authorization="Bearer another-token-of-the-test")[0], 200)

    def test_other_pages_and_other_forms_of_body_are_refused(self):
        server = self.start()
        body = {"site": "fra", "state": "drain"}
        self.assertEqual(server.post("force", body, Origin="https://evil.example")[0], 403)
        self.assertEqual(server.post("force", body, Host="evil.example")[0], 421)
        self.assertEqual(server.post("force", b"site=fra", **{"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(server.post("force", b'{"site": ')[0], 400)
        self.assertEqual(server.post("force", b"[" * 30000)[0], 400)
        self.assertEqual(server.post("force", b" " * 70000)[0], 413)
        self.assertEqual(self.answer(server), [ONE, TWO])

    def test_mistakes_are_told_where_they_are_with_the_nearest_name(self):
        server = self.start()
        status, reply = server.post("force", {"sight": "fra", "state": "drian"})
        self.assertEqual(status, 422)
        self.assertEqual([error["pointer"] for error in reply["errors"]], ["/sight", "/state"])
        self.assertEqual(server.post("force", {"site": "far", "state": "drain"}),
                         (404, {"error": 'there is no site "far"; did you mean "fra"?',
                                "errors": [{"pointer": "/site",
                                            "message": 'there is no site "far"; did you mean "fra"?'}]}))
        self.assertEqual(server.post("release", {"site": "fra"})[0], 404)
        self.assertEqual(server.post("resume", {"check": "web", "target": ONE})[0], 409)
        self.assertEqual(server.get("/api/v1/force")[0], 405)

    # --- gslbctl ---

    def test_gslbctl_forces_shows_and_releases(self):
        server = self.start(state_dir="state")
        code, output, error = gslbctl(server, "force", "drain", "--site", "fra", "--reason", "new switch",
                                      "--for", "2h")
        self.assertEqual((code, error), (0, ""))
        self.assertRegex(output, r"^site fra: drain until 20\d\d-\S+Z \(matches: 1\)\n$")
        self.assertEqual(self.answer(server), [TWO])
        self.assertRegex(gslbctl(server, "forced")[1], r"site fra +drain +20\S+Z +anna +new switch\n")
        self.assertRegex(gslbctl(server, "status")[1],
                         rf"www +{ONE} +drained +fra  forced drain by anna until \S+: new switch; checks say up\n")
        self.assertRegex(gslbctl(server, "release", "--site", "fra")[1], r"^site fra: released; it was drain since 20")
        self.assertEqual(self.answer(server), [ONE, TWO])

    def test_gslbctl_says_what_is_wrong(self):
        server = self.start()
        self.assertEqual(gslbctl(server, "force", "drain", "--site", "far")[::2],
                         (1, 'gslbctl: there is no site "far"; did you mean "fra"?\n'))
        self.assertEqual(gslbctl(server, "release", "--pool", "www")[::2],
                         (1, "gslbctl: nothing is forced on pool www\n"))
        self.assertNotEqual(gslbctl(server, "force", "drian", "--site", "fra")[0], 0)
        self.assertNotEqual(gslbctl(server, "force", "drain", "--member", ONE)[0], 0)
        self.assertEqual(gslbctl(server, "force", "drain", "--site", "fra", "--token-file", "/nonexistent")[0], 1)
        self.assertEqual(self.answer(server), [ONE, TWO])

    # --- manual failback ---

    def manual(self):
        settings = self.settings(state_dir="state")
        settings["checks"]["web"]["failback"] = "manual"
        return settings

    def held_back(self, server):
        """Why the first site is down though it passes; None when it is not."""
        return next(check["held_back"] for check in server.status()["checks"] if check["target"] == ONE)

    def test_a_site_that_waits_to_be_resumed_is_let_back_over_a_restart_too(self):
        server = self.gslbd(**self.manual())
        self.wait_addresses(server, "www.example.com", [ONE, TWO])
        self.one.kill()
        self.wait_addresses(server, "www.example.com", [TWO])
        self.one.start()
        resume = {"check": "web", "target": ONE, "author": "anna"}
        wait_until(lambda: self.held_back(server), "it to be well, and held back")
        self.assertEqual(self.answer(server), [TWO])
        self.assertIn("passes, but waits for an operator to resume it: "
                      f"gslbctl resume --check web --target {ONE}\n", gslbctl(server, "status")[1])
        server.stop()
        again = self.gslbd(self.dir / "gslbd.json")
        wait_until(lambda: self.held_back(again), "it to be well, and held back")
        self.assertEqual(self.answer(again), [TWO])
        self.assertEqual(again.post("resume", resume)[0], 200)
        self.wait_addresses(again, "www.example.com", [ONE, TWO])
        code, _, error = gslbctl(again, "resume", "--check", "web", "--target", ONE)
        self.assertEqual((code, error), (1, f"gslbctl: check web on {ONE} does not wait for anybody to resume it\n"))

    # --- maintenance ---

    def test_a_window_that_is_open_drains_and_a_window_to_come_is_shown(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        text = [(now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M") for hours in (-1, 1, 2)]
        server = self.gslbd(**self.settings(maintenance=[
            {"site": "fra", "from": text[0], "to": text[1], "reason": "new racks"},
            {"pool": "www", "member": TWO, "from": text[1], "to": text[2], "time_zone": "UTC", "state": "down"}]))
        self.wait_addresses(server, "www.example.com", [TWO])
        forced = json.loads(server.get("/api/v1/forced")[1])
        self.assertEqual([tuple(entry[key] for key in ("site", "state", "author", "reason", "maintenance"))
                          for entry in forced["forced"]], [("fra", "drain", "maintenance", "new racks", True)])
        self.assertEqual([(e["member"], e["state"]) for e in forced["maintenance"]], [(TWO, "down")])
        self.assertEqual(server.post("release", {"site": "fra"})[0], 409)
        server.post("force", {"site": "fra", "state": "up"})
        self.assertEqual(self.answer(server), [ONE, TWO])
        self.assertIn("MAINTENANCE TO COME", gslbctl(server, "forced")[1])

    def test_a_window_opens_with_a_reload_and_closes_with_another(self):
        server = self.start()
        self.configure(**self.settings(maintenance=[{"site": "fra", "weekly": "daily 00:00-24:00"}]))
        self.wait_addresses(server, "www.example.com", [TWO])
        self.configure(**self.settings())
        self.wait_addresses(server, "www.example.com", [ONE, TWO])

    def test_check_finds_mistakes_in_windows(self):
        path = self.configure(**self.settings(maintenance=[
            {"site": "far", "weekly": "sun 02:00-04:00"},
            {"site": "fra", "weekly": "son 02:00-04:00"},
            {"site": "fra", "weekly": "sun 02:00-04:00", "time_zone": "Europe/Berln"},
            {"site": "fra"},
            {"site": "fra", "from": "2020-01-01 00:00"},
            {"site": "fra", "from": "2020-01-02 00:00", "to": "2020-01-01 00:00"},
            {"weekly": "sun 02:00-04:00"}]))
        output = self.run_gslbd("check", "-c", path).stdout
        for line in ('/maintenance/0/site: there is no site "far"; did you mean "fra"?',
                     '/maintenance/1/weekly: "son 02:00-04:00" is no weekly window such as',
                     '/maintenance/2/time_zone: there is no time zone "Europe/Berln"; did you mean "Europe/Berlin"?',
                     '/maintenance/3: when? "weekly", or "from" and "to" is missing',
                     '/maintenance/4: "from" and "to" go together',
                     '/maintenance/5: "to" is not after "from"',
                     '/maintenance/6: name one scope: "site", or "pool"'):
            self.assertIn(line, output)

    def test_check_finds_a_token_that_is_none(self):
        for content, complaint in (("short\n", "must be a token"), ("\n" + TOKEN, "must be a token")):
            self.write("token", content).chmod(0o600)
            path = self.configure(**self.settings(admin={"token_file": "token"}))
            done = self.run_gslbd("check", "-c", path)
            self.assertEqual(done.returncode, 1)
            self.assertIn("/admin/token_file: ", done.stdout)
            self.assertIn(complaint, done.stdout)


if __name__ == "__main__":
    unittest.main()
