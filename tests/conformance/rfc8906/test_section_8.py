# SPDX-License-Identifier: Apache-2.0
"""RFC 8906 §8: its list of tests, with its own dig commands, for a zone with pools and static names, over UDP and TCP,
IPv4 and IPv6."""

import itertools
import re
import unittest

from case import E2eCase, members, zone
from dns_client import dig

ZONE = "example.com"
WAYS = list(itertools.product(("127.0.0.1", "::1"), ((), ("+tcp",))))


class Section8(E2eCase):
    def setUp(self):
        super().setUp()
        self.server = self.gslbd(
            listen=["127.0.0.1:0", "[::1]:0"],
            zones=[zone({"www": {"pool": "web"}, "static": {"A": "192.0.2.80"},
                         "big": {"TXT": [f'"{number:03}{"x" * 200}"' for number in range(20)]}}, ZONE)],
            pools={"web": {"members": members("192.0.2.10", "198.51.100.10", "2001:db8::10")}})

    def each_way(self, *arguments):
        """(name of the way, dig's output) for UDP and TCP over both families."""
        ports = {address: port for address, port in self.server.endpoints}
        for address, transport in WAYS:
            with self.subTest(address=address, tcp=bool(transport), dig=" ".join(arguments)):
                output = dig((address, ports[address]), *transport, *arguments)
                self.assertIn(";; ->>HEADER<<-", output, "no answer")
                yield output

    # --- what dig prints ---

    def flags(self, output):
        return re.search(r"(?m)^;; flags:([a-z ]*);", output)[1].split()

    def records(self, output, section):
        found = re.search(rf"(?ms)^;; {section} SECTION:\n(.*?)^$", output)
        return found[1].splitlines() if found else []

    def expect(self, output, status, *, soa=None, aa=None, rd=None, ad=None, edns=None, opcode="QUERY"):
        """The RFC's "expect:" lines; None expects nothing."""
        self.assertIn(f"opcode: {opcode}, status: {status},", output)
        flags = self.flags(output)
        self.assertIn("qr", flags)
        self.assertNotIn("tc", flags)
        self.assertNotIn("MBZ", output)
        for name, wanted in (("aa", aa), ("rd", rd), ("ad", ad)):
            if wanted is not None:
                self.assertEqual(name in flags, wanted, f"{name} in {flags}")
        if soa is not None:
            answer = [line.split()[3] for line in self.records(output, "ANSWER")]
            self.assertEqual(answer, ["SOA"] if soa else [])
        if edns is not None:
            self.assertEqual(re.findall(r"(?m)^; EDNS: version: (\d+)", output), ["0"] if edns else [])

    # --- §8.1: basic DNS ---

    def test_8_1_1_the_server_is_configured_for_the_zone(self):
        for output in self.each_way("+noedns", "+noad", "+norec", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=False, ad=False, edns=False)

    def test_8_1_2_unknown_types(self):
        for name in (ZONE, f"www.{ZONE}", f"static.{ZONE}"):
            for output in self.each_way("+noedns", "+noad", "+norec", "type1000", name):
                self.expect(output, "NOERROR", aa=True, rd=False, ad=False, edns=False)
                self.assertEqual(self.records(output, "ANSWER"), [])

    def test_8_1_3_1_cd(self):
        for output in self.each_way("+noedns", "+noad", "+norec", "+cd", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=False, ad=False, edns=False)
            self.assertNotIn("cd", self.flags(output))  # we do no DNSSEC

    def test_8_1_3_2_ad(self):
        for output in self.each_way("+noedns", "+norec", "+ad", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=False, edns=False)

    def test_8_1_3_3_the_reserved_bit(self):
        for output in self.each_way("+noedns", "+noad", "+norec", "+zflag", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=False, ad=False, edns=False)

    def test_8_1_3_4_recursive_queries(self):
        for output in self.each_way("+noedns", "+noad", "+rec", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=True, ad=False, edns=False)

    def test_8_1_4_unknown_opcodes(self):
        for output in self.each_way("+noedns", "+noad", "+opcode=15", "+norec", "+header-only"):
            self.expect(output, "NOTIMP", aa=False, rd=False, ad=False, edns=False, opcode="RESERVED15")
            self.assertIn("QUERY: 0, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0", output)

    def test_8_1_5_tcp(self):
        for output in self.each_way("+noedns", "+noad", "+norec", "+tcp", "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, rd=False, ad=False, edns=False)

    # --- §8.2: extended DNS ---

    def edns(self, *arguments):
        return self.each_way("+nocookie", *arguments, "+noad", "+norec", "soa", ZONE)

    def test_8_2_1_minimal_edns(self):
        for output in self.edns("+edns=0"):
            self.expect(output, "NOERROR", soa=True, aa=True, ad=False, edns=True)
            self.assertRegex(output, r"(?m)^; EDNS: version: 0, flags:; udp: \d+$")
            self.assertNotIn("; OPT=", output)

    def test_8_2_2_version_negotiation(self):
        for output in self.edns("+edns=1", "+noednsneg"):
            self.expect(output, "BADVERS", soa=False, aa=False, ad=False, edns=True)

    def test_8_2_3_unknown_options(self):
        for output in self.edns("+edns=0", "+ednsopt=100"):
            self.expect(output, "NOERROR", soa=True, aa=True, ad=False, edns=True)
            self.assertNotIn("OPT=100", output)

    def test_8_2_4_unknown_flags(self):
        for output in self.edns("+edns=0", "+ednsflags=0x40"):
            self.expect(output, "NOERROR", soa=True, aa=True, ad=False, edns=True)

    def test_8_2_5_version_negotiation_with_unknown_flags(self):
        for output in self.edns("+edns=1", "+noednsneg", "+ednsflags=0x40"):
            self.expect(output, "BADVERS", soa=False, aa=False, ad=False, edns=True)

    def test_8_2_6_version_negotiation_with_unknown_options(self):
        for output in self.edns("+edns=1", "+noednsneg", "+ednsopt=100"):
            self.expect(output, "BADVERS", soa=False, aa=False, ad=False, edns=True)
            self.assertNotIn("OPT=100", output)

    def test_8_2_7_truncated_responses(self):
        """The RFC asks a signed zone for its DNSKEY; ours is not signed, so what is too large is a TXT RRset."""
        for output in self.each_way("+norec", "+dnssec", "+bufsize=512", "+ignore", "dnskey", ZONE):
            self.expect(output, "NOERROR", aa=True, edns=True)
        ports = {address: port for address, port in self.server.endpoints}
        for address in ports:
            with self.subTest(address=address):
                output = dig((address, ports[address]), "+norec", "+dnssec", "+bufsize=512", "+ignore", "txt",
                             f"big.{ZONE}")
                self.assertIn("tc", self.flags(output))
                self.assertIn("status: NOERROR", output)
                self.assertRegex(output, r"(?m)^; EDNS: version: 0, flags: do; udp: \d+$")

    def test_8_2_8_do(self):
        for output in self.edns("+edns=0", "+dnssec"):
            self.expect(output, "NOERROR", soa=True, aa=True, edns=True)
            self.assertRegex(output, r"(?m)^; EDNS: version: 0, flags: do;")

    def test_8_2_9_version_negotiation_with_do(self):
        for output in self.edns("+edns=1", "+noednsneg", "+dnssec"):
            self.expect(output, "BADVERS", soa=False, aa=False, edns=True)
            self.assertRegex(output, r"(?m)^; EDNS: version: 0, flags: do;")

    def test_8_2_10_several_defined_options(self):
        for output in self.each_way("+edns=0", "+noad", "+norec", "+cookie", "+nsid", "+expire", "+subnet=0.0.0.0/0",
                                    "soa", ZONE):
            self.expect(output, "NOERROR", soa=True, aa=True, ad=False, edns=True)

    def test_the_same_for_names_with_pools_and_static_names(self):
        """§3: what a server answers must not hang on what is asked for."""
        for name, rr_type, count in (("www", "a", 2), ("www", "aaaa", 1), ("static", "a", 1), ("static", "aaaa", 0)):
            for arguments in ((), ("+zflag",), ("+ednsflags=0x40",), ("+ednsopt=100",), ("+cd",), ("+dnssec",),
                              ("+noedns",), ("+nsid", "+cookie", "+subnet=0.0.0.0/0")):
                for output in self.each_way("+norec", "+noad", *arguments, rr_type, f"{name}.{ZONE}"):
                    self.expect(output, "NOERROR", aa=True, rd=False)
                    self.assertEqual(len(self.records(output, "ANSWER")), count)
            for output in self.each_way("+edns=1", "+noednsneg", rr_type, f"{name}.{ZONE}"):
                self.expect(output, "BADVERS", aa=False, edns=True)


if __name__ == "__main__":
    unittest.main()
