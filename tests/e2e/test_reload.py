# SPDX-License-Identifier: Apache-2.0
"""Reload: all or nothing, by signal and by file change, without a lost or a wrong answer."""

import json
import os
import shutil
import signal
import unittest
from pathlib import Path

from case import FAST, E2eCase, members, zone
from dns_client import ask_udp
from load import Load
from waiting import stays, wait_until

RELOADS = 1000
GOLDEN = Path(__file__).parents[1] / "server/config/golden"


class Reload(E2eCase):
    def serve(self, **settings):
        return self.gslbd(zones=[zone({"www": {"A": "192.0.2.10"}})], **settings)

    def assert_stays(self, server, expected):
        self.assertEqual(self.addresses(server, "www.example.com"), expected)

    def test_sighup_takes_the_new_zone(self):
        server = self.serve(watch=False)
        self.write("zones/example.com.json", zone({"www": {"A": "192.0.2.20"}}))
        self.assert_stays(server, ["192.0.2.10"])
        server.reload()
        self.assert_stays(server, ["192.0.2.20"])

    def test_a_changed_file_is_taken_by_itself(self):
        server = self.serve()
        self.write("zones/example.com.json", zone({"www": {"A": "192.0.2.20"}}))
        self.wait_addresses(server, "www.example.com", ["192.0.2.20"])

    def test_a_new_and_a_removed_zone_file_are_noticed(self):
        server = self.serve()
        self.write("zones/example.org.json", zone({"www": {"A": "192.0.2.30"}}, name="example.org"))
        self.wait_addresses(server, "www.example.org", ["192.0.2.30"])
        (self.dir / "zones/example.org.json").unlink()
        wait_until(lambda: ask_udp(server.endpoint, "www.example.org").rcode == "REFUSED", "the zone to be gone")

    def test_the_serial_grows_with_every_change(self):
        server = self.serve()

        def serial():
            return next(value for key, value in server.metrics().items() if key.startswith("gslbd_zone_serial"))
        before = serial()
        for last in range(3):
            self.write("zones/example.com.json", zone({"www": {"A": f"192.0.2.{20 + last}"}}))
            server.reload()
            after = serial()
            self.assertGreater(after, before)
            before = after

    def test_a_swapped_directory_is_followed(self):
        server = self.serve()
        zones, other = self.dir / "zones", self.dir / "other"
        for address in ("192.0.2.20", "192.0.2.21"):  # the second swap, too
            other.mkdir()
            (other / "example.com.json").write_text(json.dumps(zone({"www": {"A": address}})))
            zones.rename(self.dir / "gone")
            other.rename(zones)
            self.wait_addresses(server, "www.example.com", [address])
            shutil.rmtree(self.dir / "gone")
        self.write("zones/example.com.json", zone({"www": {"A": "192.0.2.22"}}))
        self.wait_addresses(server, "www.example.com", ["192.0.2.22"])

    def test_a_swapped_symbolic_link_is_followed(self):
        for name, address in (("a", "192.0.2.20"), ("b", "192.0.2.21")):
            (self.dir / name).mkdir()
            self.write(f"{name}/example.com.json", zone({"www": {"A": address}}))
        (self.dir / "current").symlink_to("a")
        server = self.gslbd(patterns="current/*.json")
        self.assert_stays(server, ["192.0.2.20"])
        (self.dir / "next").symlink_to("b")
        (self.dir / "next").replace(self.dir / "current")
        self.wait_addresses(server, "www.example.com", ["192.0.2.21"])
        self.write("b/example.com.json", zone({"www": {"A": "192.0.2.22"}}))
        self.wait_addresses(server, "www.example.com", ["192.0.2.22"])

    def test_a_config_map_is_followed(self):
        """As Kubernetes mounts it: every file is a link through a directory link that is replaced."""
        def generation(name, address):
            (self.dir / "map" / name).mkdir(parents=True)
            self.write(f"map/{name}/example.com.json", zone({"www": {"A": address}}))
            (self.dir / "map/..data_tmp").symlink_to(name)
            (self.dir / "map/..data_tmp").replace(self.dir / "map/..data")
        generation("..2026_1", "192.0.2.20")
        (self.dir / "map/example.com.json").symlink_to("..data/example.com.json")
        server = self.gslbd(patterns="map/*.json")
        self.assert_stays(server, ["192.0.2.20"])
        for turn in (1, 2):
            generation(f"..2026_{turn + 1}", f"192.0.2.{20 + turn}")
            shutil.rmtree(self.dir / f"map/..2026_{turn}")
            self.wait_addresses(server, "www.example.com", [f"192.0.2.{20 + turn}"])

    def test_a_file_edited_in_place_or_by_another_name_is_noticed(self):
        server = self.serve()
        self.write("zones/example.org.json", zone({"www": {"A": "192.0.2.30"}}, name="example.org"))
        self.wait_addresses(server, "www.example.org", ["192.0.2.30"])
        path = self.dir / "zones/example.com.json"
        path.write_text(path.read_text().replace("192.0.2.10", "192.0.2.20"))
        self.wait_addresses(server, "www.example.com", ["192.0.2.20"])
        # Nobody tells of this one; but it is looked at when something else is.
        os.link(path, self.dir / "elsewhere")
        server.reload()
        (self.dir / "elsewhere").write_text(path.read_text().replace("192.0.2.20", "192.0.2.21"))
        self.write("zones/example.org.json", zone({"www": {"A": "192.0.2.31"}}, name="example.org"))
        self.wait_addresses(server, "www.example.org", ["192.0.2.31"])
        self.wait_addresses(server, "www.example.com", ["192.0.2.21"])

    def test_a_repair_is_noticed_after_a_failed_reload(self):
        server = self.serve()
        settings = json.loads((self.dir / "gslbd.json").read_text())
        (self.dir / "more").mkdir()
        self.write("more/org.json", "{")
        self.write("gslbd.json", {**settings, "zones": ["zones/*.json", "more/*.json"]})
        wait_until(lambda: server.metrics()["gslbd_config_last_reload_successful"] == 0, "the failed reload")
        self.write("more/org.json", zone({"www": {"A": "192.0.2.30"}}, name="example.org"))
        self.wait_addresses(server, "www.example.org", ["192.0.2.30"])

    def test_a_zone_that_is_no_utf8_neither_loads_nor_harms(self):
        server = self.serve(watch=False)
        (self.dir / "zones/latin1.json").write_bytes(b'{"zone": "caf\xe9.example", "records": {}}')
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.metrics()["gslbd_config_last_reload_successful"] == 0, "the failed reload")
        self.assertFalse(server.status()["config"]["last_reload"]["successful"])
        self.assertIn("The last reload failed", server.get("/")[1])
        self.assert_stays(server, ["192.0.2.10"])

    def assert_refused_and_survived(self, server, break_it, mention):
        """After `break_it` a reload fails, says why, and the old state serves on; after a repair it serves the new."""
        seen = len(server.lines)
        break_it()
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.metrics()["gslbd_config_last_reload_successful"] == 0, "the failed reload")
        server.wait_line(mention, after=seen)
        self.assert_stays(server, ["192.0.2.10"])

    def test_a_broken_zone_changes_nothing(self):
        server = self.serve(watch=False)
        path = self.dir / "zones/example.com.json"
        good = path.read_text()
        generation = server.generation()
        self.assert_refused_and_survived(
            server, lambda: self.write("zones/example.com.json", zone({"www": {"A": "not an address"}})),
            r"example\.com\.json.*/records/www/A.*not an address")
        self.assertEqual(server.generation(), generation)
        self.write("zones/example.com.json", good.replace("192.0.2.10", "192.0.2.40"))
        server.reload()
        self.assert_stays(server, ["192.0.2.40"])
        self.assertEqual(server.metrics()["gslbd_config_last_reload_successful"], 1)

    def assert_says_what_check_says(self, server):
        checked = self.run_gslbd("check", "-c", self.dir / "gslbd.json").stdout.splitlines()[:-1]
        before = self.last_reload(server)
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.last_reload(server)["at"] != before["at"], "the reload")
        self.assertEqual(self.last_reload(server)["messages"], checked)
        return checked

    def test_a_reload_says_what_check_says_of_a_configuration(self):
        server = self.serve(watch=False)
        for expected in sorted(GOLDEN.glob("*.txt")):
            verdict, *messages = expected.read_text().splitlines()
            if verdict != "does not load":
                continue
            with self.subTest(expected.stem):
                shutil.copytree(expected.with_suffix(""), self.dir, dirs_exist_ok=True)
                self.assertEqual(len(self.assert_says_what_check_says(server)), len(messages))

    def test_a_reload_says_what_check_says_of_zones(self):
        server = self.serve(watch=False)
        bad = {"www": {"A": ["192.0.2.1", "192.0.2"], "TXT": 3}, "x": {"CNAME": "y", "A": "192.0.2.1"}, "..": {}}
        many = {f"h{number}": {"A": "none"} for number in range(150)}
        good = zone({"www": {"A": "192.0.2.10"}})
        for name, content in {
                "records": zone(bad), "pool": zone({"www": {"pool": "none"}}), "header": zone({}, tll="5m", ttl=-1),
                "many": zone(many), "syntax": '{"zone": "example.com",\n "records": [}', "empty": "",
                "twice": '{"zone": "example.com", "records": {"www": {"A": "192.0.2.1", "A": "192.0.2.2"}}}',
                "doubtful": zone({"mail": {"MX": ["10 nowhere"]}, "a": {"A": ["192.0.2.1", "192.0.2.1"]}})}.items():
            with self.subTest(name):
                self.write("zones/example.com.json", content)
                self.assertNotEqual(self.assert_says_what_check_says(server), [])
                self.write("zones/example.com.json", good)
                self.assertEqual(self.assert_says_what_check_says(server), [])
        # The zone is another's: one file keeps it and the other comes, or both are new, or one has changed to it.
        for other in ("a.json", "z.json"):
            with self.subTest(other):
                self.write(f"zones/{other}", good)
                self.assertEqual(len(self.assert_says_what_check_says(server)), 1)
                self.write(f"zones/{other}", zone({"www": {"A": "192.0.2.30"}}, name="example.org"))
                self.assert_says_what_check_says(server)
                self.write(f"zones/{other}", zone(bad))
                self.assert_says_what_check_says(server)
                (self.dir / "zones" / other).unlink()
                self.assertEqual(self.assert_says_what_check_says(server), [])

    def test_a_broken_configuration_changes_nothing(self):
        server = self.serve(watch=False)
        self.assert_refused_and_survived(
            server, lambda: self.write("gslbd.json", '{"listen": [}'),
            r"gslbd\.json.*line 1")

    def test_a_zone_file_replaced_by_a_directory_changes_nothing(self):
        server = self.serve(watch=False)

        def replace():
            (self.dir / "zones/example.com.json").unlink()
            (self.dir / "zones/example.com.json").mkdir()
        self.assert_refused_and_survived(server, replace, r"example\.com\.json.*directory")

    def test_a_dead_site_stays_dead_across_a_reload(self):
        addresses = ["127.0.0.11", "127.0.0.12"]
        one, two = self.sites(*addresses)
        check = {"type": "tcp", "port": one.port, **FAST}
        settings = {"checks": {"web": check}, "pools": {"www": {"alive": "web", "members": members(*addresses)}}}
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})], watch=False, **settings)
        two.kill()
        self.wait_addresses(server, "www.example.com", addresses[:1])
        listen = ["%s:%d" % server.endpoint]
        for interval in ("250ms", "300ms"):  # the check itself changes too
            check["interval"] = interval
            self.configure(watch=False, **{**settings, "listen": listen,
                                           "admin": {"listen": server.admin.removeprefix("http://")}})
            server.reload()
            stays(lambda: self.addresses(server, "www.example.com") == addresses[:1], "one address", 0.2)

    def last_reload(self, server):
        return server.status()["config"]["last_reload"]

    def test_of_ten_thousand_zone_files_only_the_changed_one_is_read(self):
        zones = [zone({"www": {"A": "192.0.2.10"}}, name=f"zone{number}.example") for number in range(10_000)]
        server = self.gslbd(zones=zones, watch=False)

        def nothing_is_read():
            """As soon as the files are so old that none can have changed unseen."""
            server.reload()
            return self.last_reload(server)["zones_read"] == 0
        wait_until(nothing_is_read, "a reload that reads nothing")
        changed = zone({"www": {"A": "192.0.2.20"}}, name="zone7777.example")
        self.write("zones/zone7777.example.json", changed)
        server.reload()
        self.assertEqual(self.last_reload(server)["zones_read"], 1)
        self.assertEqual(server.metrics()["gslbd_config_last_reload_zones_read"], 1)
        self.assertEqual(self.addresses(server, "www.zone7777.example"), ["192.0.2.20"])
        self.assertEqual(self.addresses(server, "www.zone7776.example"), ["192.0.2.10"])

        changed["records"]["www"] = {"A": "not an address"}
        self.write("zones/zone7777.example.json", changed)
        seen = len(server.lines)
        server.signal(signal.SIGHUP)
        server.wait_line("reload failed", after=seen)
        server.wait_line(r"zone7777\.example\.json: /records/www/A.*not an address", after=seen)
        self.assertEqual(self.addresses(server, "www.zone7777.example"), ["192.0.2.20"])
        changed["records"]["www"] = {"A": "192.0.2.30"}
        self.write("zones/zone7777.example.json", changed)
        server.reload()
        self.assertEqual(self.addresses(server, "www.zone7777.example"), ["192.0.2.30"])

    def test_a_change_that_shows_in_no_time_stamp_is_noticed(self):
        server = self.serve(watch=False)
        path = self.dir / "zones/example.com.json"
        for last in range(20, 30):
            before = path.stat()
            path.write_text(path.read_text().replace(f"192.0.2.{last - 1 if last > 20 else 10}", f"192.0.2.{last}"))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            self.assertEqual(path.stat().st_size, before.st_size)
            server.reload()
            self.assert_stays(server, [f"192.0.2.{last}"])

    def test_a_reload_of_records_alone_goes_on_with_the_pools(self):
        addresses = ["192.0.2.20", "192.0.2.21"]
        server = self.gslbd(zones=[zone({"www": {"pool": "www"}})], watch=False,
                            pools={"www": {"members": members(*addresses)}})
        self.assertEqual(self.addresses(server, "www.example.com"), addresses)
        self.write("zones/example.com.json", zone({"www": {"pool": "www"}, "api": {"pool": "www"}}))
        server.reload()
        self.assertEqual(self.addresses(server, "api.example.com"), addresses)
        answers = sum(value for key, value in server.metrics().items() if key.startswith("gslbd_answers_total"))
        self.assertEqual(answers, 2)

    def test_a_warning_is_logged_once_and_reported_each_time(self):
        server = self.gslbd(zones=[zone({"www": {"A": "192.0.2.10"}, "mail": {"MX": ["10 nowhere"]}})], watch=False)
        told = self.last_reload(server)["messages"]
        self.assertTrue(any("nowhere" in message for message in told), told)
        server.reload()
        self.assertEqual(self.last_reload(server)["messages"], told)
        self.assertEqual(sum("nowhere" in line for line in server.lines), 1)

    def test_reloads_under_load_lose_nothing_and_answer_nothing_wrong(self):
        valid = {"192.0.2.10", "192.0.2.20"}

        def judge(answer):
            if answer.question.startswith("gone"):
                return None if answer.rcode == "NXDOMAIN" else f"gone: {answer.rcode}"
            found = set(answer.addresses)
            fine = answer.rcode == "NOERROR" and len(found) == 1 and found <= valid
            return None if fine else f"{answer.question}: {answer.rcode} {sorted(found)}"

        server = self.serve(watch=False, workers=2)
        names = ["www.example.com", "WWW.Example.COM", "gone.example.com"]
        with Load(server.endpoint, names, judge) as load:
            for turn in range(RELOADS):
                address = "192.0.2.20" if turn % 2 == 0 else "192.0.2.10"
                self.write("zones/example.com.json", zone({"www": {"A": address}}))
                server.reload()
                if turn % 100 == 0:
                    self.assert_stays(server, [address])
                if load.lost or load.wrong:
                    break
        self.assertEqual((load.lost[:5], load.wrong[:5]), ([], []))
        self.assertGreater(min(load.answered.values()), RELOADS)


if __name__ == "__main__":
    unittest.main()
