# SPDX-License-Identifier: Apache-2.0
"""Migrate in and out: a master file becomes our JSON, our zone becomes a master file, and NSD answers the same."""

import json
import re
import shutil
import unittest

from case import FAST, E2eCase, members, zone
from dns_client import ask_udp, dig
from processes import ROOT, Process, free_port
from waiting import wait_until

MASTER = ROOT / "tests/e2e/data/example.com.zone"

NSD = """server:
  ip-address: 127.0.0.1@{port}
  zonesdir: "{dir}"
  database: ""
  username: ""
  chroot: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zone.list"
  server-count: 1
  hide-version: yes
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "{file}"
"""

QUESTIONS = [
    ("example.com", "SOA"), ("example.com", "NS"), ("example.com", "MX"), ("example.com", "TXT"),
    ("example.com", "CAA"), ("example.com", "A"), ("www.example.com", "A"), ("www.example.com", "AAAA"),
    ("WWW.Example.COM", "A"), ("www.example.com", "MX"), ("ftp.example.com", "A"), ("chain.example.com", "AAAA"),
    ("chain.example.com", "CNAME"), ("away.example.com", "A"), ("txt.example.com", "TXT"),
    ("_sip._tcp.example.com", "SRV"), ("_443._tcp.www.example.com", "TYPE52"), ("host.example.com", "TYPE44"),
    ("nap.example.com", "TYPE35"), ("svc.example.com", "HTTPS"), ("odd.example.com", "TYPE65534"),
    ("x.dev.example.com", "A"), ("x.y.dev.example.com", "TXT"), ("x.dev.example.com", "MX"),
    ("host.dev.example.com", "A"), ("host.dev.example.com", "TXT"), ("dev.example.com", "A"),
    ("empty.example.com", "A"), ("b.empty.example.com", "A"), ("a.b.empty.example.com", "A"),
    ("nothing.example.com", "A"), ("nothing.b.empty.example.com", "A"), ("sub.example.com", "A"),
    ("deep.sub.example.com", "AAAA"), ("sub.example.com", "NS"), ("sub.example.com", "DS"), ("ns.sub.example.com", "A"),
    ("example.net", "A"),
]


def presentation(endpoint, name, rr_type):
    """What dig reads in an answer, without what servers may choose: the order, and what they add on their own to a
    positive answer (NSD: the apex NS)."""
    lines = dig(endpoint, "+norecurse", "+noall", "+comments", "+answer", "+authority", name, rr_type).splitlines()
    status = next(line.split("status: ")[1].split(",")[0] for line in lines if "status: " in line)
    flags = next(line.split("flags: ")[1].split(";")[0].split() for line in lines if "flags: " in line)
    sections, section = {"ANSWER": [], "AUTHORITY": []}, None
    for line in lines:
        if line.startswith(";; ") and line.endswith(" SECTION:"):
            section = line.split()[1]
        elif line and not line.startswith(";"):
            sections[section].append(" ".join(line.split()).lower())
    answers = sorted(sections["ANSWER"])
    return status, "aa" in flags, answers, [] if answers else sorted(sections["AUTHORITY"])


class Exchange(E2eCase):
    def imported(self):
        done = self.run_gslbd("zone", "import", MASTER)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def exported(self, *options):
        done = self.run_gslbd("zone", "export", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def nsd(self, name, master):
        """The endpoint of an NSD that serves the master file."""
        port = free_port("127.0.0.1")
        config = self.write("nsd.conf", NSD.format(port=port, dir=self.dir, zone=name, file=master))
        server = Process(["nsd", "-d", "-c", str(config)])
        self.addCleanup(server.stop)
        endpoint = ("127.0.0.1", port)

        def answers():
            try:
                return ask_udp(endpoint, name, "SOA", timeout=0.2).rcode == "NOERROR"
            except OSError:
                return False
        wait_until(answers, "NSD to answer")
        return endpoint

    def test_an_imported_zone_is_json_without_complaints(self):
        document = json.loads(self.imported())
        self.assertEqual(document["zone"].rstrip("."), "example.com")
        self.assertEqual(document["soa"]["serial"], 2026010101)
        config = self.configure(zones=[document])
        done = self.run_gslbd("check", "-c", config)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_master_file_of_errors_names_the_line(self):
        bad = self.write("bad.zone", "$ORIGIN example.com.\n$TTL 60\n@ IN SOA ns1 h 1 2 3 4 5\n"
                         "@ IN NS ns1\nx IN A 192.0.2\n")
        done = self.run_gslbd("zone", "import", bad)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"bad\.zone.*5")

    @unittest.skipUnless(shutil.which("nsd"), "NSD is not installed")
    def test_nsd_answers_the_same(self):
        config = self.configure(zones=[json.loads(self.imported())])
        ours = self.gslbd(config)
        exported = self.write("exported.zone", self.exported("-c", config, "example.com"))
        for label, master in (("the original", MASTER), ("our export", exported)):
            theirs = self.nsd("example.com", master)
            for name, rr_type in QUESTIONS:
                with self.subTest(compared_with=label, question=f"{name} {rr_type}"):
                    self.assertEqual(presentation(ours.endpoint, name, rr_type), presentation(theirs, name, rr_type))

    @unittest.skipUnless(shutil.which("nsd-checkzone"), "nsd-checkzone is not installed")
    def test_a_pool_is_exported_as_its_members(self):
        config = self.configure(zones=[zone({"www": {"pool": "p"}})],
                                pools={"p": {"ttl": "20s", "members": members("192.0.2.7", "2001:db8::7")}})
        text = self.exported("-c", config, "example.com")
        self.assertRegex(text, r"(?m)^www\.example\.com\.\s+20\s+IN\s+A\s+192\.0\.2\.7$")
        self.assertRegex(text, r"(?m)^www\.example\.com\.\s+20\s+IN\s+AAAA\s+2001:db8::7$")
        path = self.write("out.zone", text)
        check = Process(["nsd-checkzone", "example.com", str(path)])
        check.popen.wait(20)
        self.assertEqual(check.stop(), 0, check.lines)

    def test_a_running_server_exports_its_live_members(self):
        addresses = ["127.0.0.11", "127.0.0.12"]
        one, two = self.sites(*addresses)
        server = self.gslbd(zones=[zone({"www": {"pool": "p"}})],
                            checks={"web": {"type": "tcp", "port": one.port, **FAST}},
                            pools={"p": {"alive": "web", "members": members(*addresses)}})
        self.wait_addresses(server, "www.example.com", addresses)
        two.kill()
        self.wait_addresses(server, "www.example.com", addresses[:1])
        text = self.exported("--server", server.admin, "example.com")
        self.assertEqual(re.findall(r"(?m)^www\.example\.com\.\s.*\s(\S+)$", text), addresses[:1])
        unknown = self.run_gslbd("zone", "export", "--server", server.admin, "example.net")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("example.net", unknown.stderr)


if __name__ == "__main__":
    unittest.main()
