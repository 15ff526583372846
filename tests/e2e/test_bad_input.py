# SPDX-License-Identifier: Apache-2.0
"""What can go wrong outside of us: a clear message each time, never a crash, and a running server serves on."""

import random
import socket
import struct
import unittest

from case import E2eCase, members, zone
from dns_client import ask_tcp, ask_udp, query

SEED = 20260101


class Start(E2eCase):
    """`gslbd run` that cannot run ends at once, with 1 and one clear line."""

    def assert_refuses(self, pattern, **settings):
        path = self.configure(zones=[zone({})], **settings)
        done = self.run_gslbd("run", "-c", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, pattern)

    def test_a_dns_port_in_use(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            endpoint = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assert_refuses(f"{endpoint}.*[Aa]ddress already in use", listen=[endpoint])

    def test_an_admin_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assert_refuses(f"{endpoint}.*[Aa]ddress already in use", admin={"listen": endpoint})

    def test_an_address_that_is_not_ours(self):
        self.assert_refuses(r"192\.0\.2\.1:0.*[Cc]annot assign", listen=["192.0.2.1:0"])

    def test_a_state_directory_that_cannot_be_written(self):
        self.write("file", "not a directory")
        self.assert_refuses(r"file/state", state_dir="file/state")

    def test_a_zone_file_that_is_a_directory(self):
        (self.dir / "zones/example.json").mkdir()
        self.assert_refuses(r"example\.json.*directory")

    def test_zones_that_do_not_exist(self):
        path = self.write("gslbd.json", {"listen": ["127.0.0.1:0"], "zones": ["nowhere.json"]})
        done = self.run_gslbd("run", "-c", path)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"nowhere\.json")

    def test_a_configuration_that_does_not_exist(self):
        done = self.run_gslbd("run", "-c", self.dir / "nowhere.json")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"nowhere\.json.*No such file")


class Packets(E2eCase):
    def setUp(self):
        super().setUp()
        self.server = self.gslbd(zones=[zone({"www": {"pool": "p"}})], pools={"p": {"members": members("192.0.2.7")}})

    def assert_serves(self):
        self.assertTrue(self.server.alive())
        for ask in (ask_udp, ask_tcp):
            self.assertEqual(ask(self.server.endpoint, "www.example.com").addresses, ["192.0.2.7"])

    def hostile(self):
        """Truncated, mutated and random messages, from one seed."""
        chance = random.Random(SEED)
        good = query("www.example.com", edns=True)
        yield from (good[:length] for length in range(len(good)))
        for _ in range(5000):
            message = bytearray(good)
            for _ in range(chance.randint(1, 6)):
                message[chance.randrange(len(message))] = chance.randrange(256)
            yield bytes(message)
        yield from (chance.randbytes(chance.randrange(600)) for _ in range(5000))
        yield b"\xff" * 65507

    def test_hostile_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self.server.endpoint)
            for number, message in enumerate(self.hostile()):
                sock.send(message)
                if number % 500 == 0:
                    self.assert_serves()
        self.assert_serves()

    def test_hostile_streams(self):
        streams = [b"", b"\0", b"\0\0", b"\xff\xff", b"\xff\xff" + b"a" * 100, struct.pack("!H", 12) + b"\0" * 12,
                   b"GET / HTTP/1.0\r\n\r\n"]
        for octets in streams:
            with socket.create_connection(self.server.endpoint, timeout=5) as sock:
                sock.sendall(octets)
            self.assert_serves()

    def test_names_at_their_limits(self):
        label = "a" * 63
        longest = f"{label}.{label}.{label}.{'b' * 49}.example.com"  # 255 octets on the wire
        self.assertEqual(ask_udp(self.server.endpoint, longest).rcode, "NXDOMAIN")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(self.server.endpoint)
            sock.send(query(f"{label}.{label}.{label}.{'b' * 50}.example.com"))  # 256: malformed
            self.assertEqual(sock.recv(512)[3] & 15, 1)
        self.assert_serves()


if __name__ == "__main__":
    unittest.main()
