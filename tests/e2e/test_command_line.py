# SPDX-License-Identifier: Apache-2.0
"""The programs' command lines: what they print, where, and with what exit code."""

import os
import re
import subprocess
import unittest
from pathlib import Path

from case import E2eCase, members, zone
from processes import gslbd_binary


class CommandLine(E2eCase):
    def test_version_and_help(self):
        version = self.run_gslbd("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^gslbd \d+\.\d+\.\d+")
        usage = self.run_gslbd("--help")
        self.assertEqual(usage.returncode, 0)
        for command in ("run", "check", "zone", "schema"):
            self.assertIn(command, usage.stdout)

    def test_nonsense_is_refused(self):
        for arguments in ((), ("dance",), ("run",), ("check", "--dance")):
            done = self.run_gslbd(*arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertTrue(done.stderr or done.stdout)

    def test_check_of_a_good_configuration(self):
        config = self.configure(zones=[zone({"www": {"pool": "p"}})], pools={"p": {"members": members("192.0.2.7")}})
        done = self.run_gslbd("check", "-c", config)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_check_tells_how_often_lost_probes_take_a_healthy_target_down(self):
        check = {"type": "tcp", "port": 80, "interval": "2s", "timeout": "1s", "confirm_interval": "250ms", "rise": 2,
                 "fall": 3}
        config = self.configure(zones=[zone({"www": {"pool": "p"}})], checks={"web": check},
                                pools={"p": {"alive": "web", "members": members("192.0.2.7", "192.0.2.8")}})
        done = self.run_gslbd("check", "-c", config, "--probe-loss", "1%")
        self.assertEqual(done.returncode, 0, done.stderr)
        # The arithmetic of docs/reference/configuration.md, in seconds.
        p, interval, confirm, lost = 0.01, 2, 0.25, 1
        down = ((1 - p**3) * interval + (p + p**2) * lost) / p**3
        q = 1 - p
        up = ((1 - q**2) * interval + q * confirm) / q**2
        between = down + interval + up + interval
        year = 365.25 * 86400
        self.assertIn(f"web: every {between / 86400:.1f} days, by 3 losses in a row; its 2 targets together "
                      f"{2 * year / between:.0f} times a year\n", done.stdout)
        for wrong in ("2 percent", "100%"):
            done = self.run_gslbd("check", "-c", config, "--probe-loss", wrong)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(wrong, done.stderr)

    def test_check_reports_every_error_one_a_line(self):
        config = self.configure(
            zones=[zone({"www": {"pool": "wwv"}, "x": {"A": "192.0.2"}, "both": {"CNAME": "www", "TXT": "\"x\""}})],
            cheks={}, checks={"web": {"type": "htp"}, "slow": {"type": "tcp", "port": 0}},
            pools={"www": {"members": [{"address": "192.0.2.1", "weight": 0}]}})
        done = self.run_gslbd("check", "-c", config)
        self.assertEqual(done.returncode, 1)
        report = done.stdout + done.stderr
        for line in (r'gslbd\.json: /cheks: unknown key "cheks"; did you mean "checks"\?',
                     r"gslbd\.json: /checks/web/type: .*http",
                     r"gslbd\.json: /checks/slow/port: 0 is outside 1 to 65535",
                     r"gslbd\.json: /pools/www/members/0/weight: 0 is outside 1 to 65535",
                     r"example\.com\.json: /records/www/pool: .*wwv",
                     r"example\.com\.json: /records/x/A: .*192\.0\.2",
                     r"example\.com\.json: /records/both"):
            self.assertRegex(report, re.compile(r"(?m)^.*" + line))

    def test_gslbctl_status_is_a_table_of_pools_and_checks(self):
        server = self.gslbd(zones=[zone({"www": {"pool": "pool-of-one"}})],
                            checks={"dead": {"type": "tcp", "port": 1, "interval": "200ms", "timeout": "100ms"}},
                            pools={"pool-of-one": {"alive": "dead", "members": members("127.0.0.1")}})
        gslbctl = Path(os.environ.get("GSLBCTL_BINARY", str(Path(gslbd_binary()).with_name("gslbctl"))))
        done = subprocess.run([gslbctl, "-s", server.admin, "status"], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("pool-of-one", "127.0.0.1", "dead"):
            self.assertIn(word, done.stdout)
        server.stop()
        gone = subprocess.run([gslbctl, "-s", server.admin, "status"], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(gone.returncode, 0)
        self.assertIn(server.admin.split("//")[1], gone.stderr)

    def test_sigterm_ends_it_cleanly(self):
        server = self.gslbd(zones=[zone({})])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
