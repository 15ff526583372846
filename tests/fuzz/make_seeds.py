# SPDX-License-Identifier: Apache-2.0
"""What the fuzzers start from: queries of every type, flag and option, zone files of the tests and the demo, master
files, PROXY headers, as files in <directory>/<target>/. tests/fuzz/run.py writes them before it runs the targets."""

import json
import re
import shutil
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TYPES = [1, 2, 5, 6, 12, 15, 16, 17, 18, 28, 29, 33, 35, 36, 39, 41, 43, 44, 46, 47, 48, 52, 64, 65, 99, 128, 249, 250,
         251, 252, 253, 254, 255, 256, 257, 65280, 0]
NAMES = ["e.test", "pool.e.test", "c1.e.test", "x.w.e.test", "www.sub.e.test", "x.d.e.test", "big.e.test",
         "version.bind", ""]
COOKIE = bytes(range(8))
OPTIONS = {
    "nsid": (3, b""), "subnet4": (8, struct.pack("!HBB", 1, 24, 0) + bytes([192, 0, 2])),
    "subnet6": (8, struct.pack("!HBB", 2, 56, 0) + bytes([0x20, 1, 0xD, 0xB8, 0, 0, 0])),
    "subnet0": (8, struct.pack("!HBB", 1, 0, 0)), "subnet-bad": (8, struct.pack("!HBB", 1, 33, 0) + bytes(5)),
    "cookie": (10, COOKIE), "cookie-full": (10, COOKIE + bytes([1]) + bytes(15)), "cookie-bad": (10, COOKIE[:5]),
    "keepalive": (11, b""), "padding": (12, bytes(40)), "chain": (13, b"\0"), "error": (15, b"\0\x12"),
    "report": (18, b"\1e\0"), "version": (19, b""), "unknown": (65001, b"?"),
}


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def opt(options=b"", payload=1232, version=0, flags=0):
    return struct.pack("!BHHBBHH", 0, 41, payload, 0, version, flags, len(options)) + options


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def query(owner, rr_type=1, rr_class=1, flags=0, more=b"", counts=(1, 0, 0, 0)):
    return struct.pack("!6H", 0x1234, flags, *counts) + name(owner) + struct.pack("!HH", rr_type, rr_class) + more


def queries():
    """(title, packet)"""
    for owner in NAMES:
        yield f"name-{owner or 'root'}", query(owner)
    for rr_type in TYPES:
        yield f"type-{rr_type}", query("e.test", rr_type)
    for rr_class in (0, 2, 3, 4, 254, 255):
        yield f"class-{rr_class}", query("id.server" if rr_class == 3 else "e.test", 16, rr_class)
    for bit in range(16):
        yield f"flag-{bit}", query("e.test", flags=1 << bit)
    for opcode in range(1, 16):
        yield f"opcode-{opcode}", query("e.test", flags=opcode << 11)
    with_opt = (1, 0, 0, 1)
    for payload in (0, 511, 512, 1232, 4096, 65535):
        yield f"payload-{payload}", query("big.e.test", 16, more=opt(payload=payload), counts=with_opt)
    yield "edns-do", query("e.test", more=opt(flags=0x8000), counts=with_opt)
    yield "edns-flags", query("e.test", more=opt(flags=0x7FFF), counts=with_opt)
    yield "edns-version", query("e.test", more=opt(version=1), counts=with_opt)
    yield "edns-twice", query("e.test", more=opt() + opt(), counts=(1, 0, 0, 2))
    yield "edns-in-answer", query("e.test", more=opt(), counts=(1, 1, 0, 0))
    for title, (code, data) in OPTIONS.items():
        yield f"option-{title}", query("e.test", more=opt(option(code, data)), counts=with_opt)
    everything = b"".join(option(code, data) for title, (code, data) in OPTIONS.items() if "bad" not in title)
    yield "options-all", query("e.test", more=opt(everything), counts=with_opt)
    yield "option-cut-short", query("e.test", more=opt(b"\0\x0a\0\x08\1"), counts=with_opt)
    yield "no-question", struct.pack("!6H", 1, 0, 0, 0, 0, 0)
    yield "no-question-cookie", struct.pack("!6H", 1, 0, 0, 0, 0, 1) + opt(option(10, COOKIE))
    yield "two-questions", query("e.test", more=name("e.test") + b"\0\1\0\1", counts=(2, 0, 0, 0))
    yield "huge-counts", query("e.test", counts=(1, 65535, 65535, 65535))
    yield "pointer-loop", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1"
    yield "longest-name", query(".".join(["a" * 63] * 3 + ["b" * 61]))
    yield "most-labels", query(".".join("a" * 127))
    yield "tsig", query("e.test", more=name("key") + struct.pack("!HHIH", 250, 255, 0, 0), counts=with_opt)
    yield "behind-the-end", query("e.test", more=b"\0")


def proxy_headers():
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    v4 = bytes([192, 0, 2, 1, 127, 0, 0, 1]) + struct.pack("!HH", 40000, 53)
    v6 = bytes(15) + b"\1" + bytes(15) + b"\2" + struct.pack("!HH", 40000, 53)
    tlvs = b"\3\0\4abcd" + b"\4\0\0"
    for title, command, family, addresses in (
            ("local", 0x20, 0, b""), ("tcp4", 0x21, 0x11, v4), ("udp4", 0x21, 0x12, v4), ("tcp6", 0x21, 0x21, v6),
            ("udp6", 0x21, 0x22, v6), ("unix", 0x21, 0x31, bytes(216)), ("tlvs", 0x21, 0x11, v4 + tlvs),
            ("tlv-short", 0x21, 0x11, v4 + b"\3\0\x09a"), ("version1", 0x11, 0x11, v4), ("command", 0x22, 0x11, v4),
            ("short", 0x21, 0x11, v4[:5]),
            ("mapped", 0x21, 0x21, (bytes(10) + b"\xff\xff\xc0\0\2\1") * 2 + b"\1\1\0\x35")):
        yield title, signature + struct.pack("!BBH", command, family, len(addresses)) + addresses + b"behind"
    yield "text", b"PROXY TCP4 192.0.2.1 127.0.0.1 40000 53\r\n"


def zone_files():
    for path in sorted([*ROOT.glob("tests/zones/golden/*.json"), *ROOT.glob("docker/demo/zones/*.json")]):
        yield path.stem, path.read_bytes()
    blocks = re.findall(r"(?ms)^ *```json\n(.*?)^ *```", (ROOT / "docs/reference/zone-file.md").read_text())
    for number, block in enumerate(b for b in blocks if '"zone"' in b):
        yield f"docs-{number}", block.encode()


def configurations():
    for path in sorted([*ROOT.glob("tests/server/config/golden/*/gslbd.json"), ROOT / "docker/demo/gslbd.json"]):
        yield path.parent.name, path.read_bytes()
    for page in sorted(ROOT.glob("docs/**/*.md")):
        blocks = re.findall(r"(?ms)^ *```json\n(.*?)^ *```", page.read_text())
        for number, block in enumerate(b for b in blocks if '"listen"' in b):
            yield f"docs-{page.stem}-{number}", block.encode()
    yield "rare-sections", json.dumps({
        "listen": ["127.0.0.1:0"], "zones": ["z"], "state_dir": "s", "checks": {"ping": {"type": "icmp"}},
        "isolation": {"canaries": [{"check": "ping", "address": "192.0.2.1"}]},
        "journal": {"max_size": "64KiB", "keep": 2},
        "rate_limit": {"answers_per_second": 10, "nodata_per_second": 5, "burst": "2s", "slip": 2, "leak": 3,
                       "ipv4_prefix_length": 24, "exempt": ["192.0.2.0/24"], "table_size": 1024, "log_only": True},
    }).encode()


def master_files():
    for path in sorted(ROOT.glob("tests/e2e/data/*.zone")):
        yield path.stem, path.read_bytes()
    soa = "@ IN SOA ns hostmaster 1 2 3 4 5\n@ NS ns\n"
    yield "directives", f"$ORIGIN fuzz.test.\n$TTL 1h30m\n{soa}$ORIGIN a.fuzz.test.\nx 60 IN A 192.0.2.1\n y\n".encode()
    yield "parentheses", b"fuzz.test. 1 IN SOA ns. h. ( 1 ; serial\n 2 3\n 4 5 )\nfuzz.test. NS ns.\n"
    records = [
        "A 192.0.2.1", "AAAA 2001:db8::1", "CNAME x", "DNAME y.", "MX 1 m", "TXT \"a\\\"b\" c\\032d", "SRV 1 2 3 t",
        "CAA 0 issue \"x\"", "NAPTR 1 2 \"u\" \"s\" \"!r!\" .", "PTR p", "HINFO a b",
        "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "SSHFP 4 2 00ff", "TLSA 3 1 1 00ff",
        "DS 1 13 2 00ff", "SVCB 1 . alpn=h2 port=53", "HTTPS 0 x", "URI 1 1 \"x:y\"", "RP a b", "AFSDB 1 a", "KX 1 a",
        "TYPE65280 \\# 3 010203", "DNSKEY 256 3 13 AAAA", "RRSIG A 13 2 60 20300101000000 20290101000000 1 x AAAA",
        "NSEC b A NS", "NSEC3PARAM 1 0 0 -", "EUI48 00-11-22-33-44-55", "OPENPGPKEY AAAA", "SMIMEA 3 1 1 00",
        "CDS 1 13 2 00", "CSYNC 1 3 A NS", "ZONEMD 1 1 1 " + "00" * 48, "CERT 1 2 3 AAAA", "APL 1:192.0.2.0/24"]
    for record in records:
        yield f"type-{record.split()[0]}", f"$ORIGIN fuzz.test.\n{soa}r 60 IN {record}\n".encode()


def secrets():
    one, two = "000102030405060708090a0b0c0d0e0f", "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"
    yield "one", f"{one}\n".encode()
    yield "comments", f"# a comment\n\n{one} # in use\r\n\t{two}\n".encode()
    yield "twice", f"{one}\n{one}\n".encode()
    yield "short", one[:-1].encode()
    yield "no-digit", (one[:-1] + "g").encode()


def http_responses():
    """Responses behind the octet of how they are cut."""
    ok = b"HTTP/1.1 200 OK\r\n"
    for title, response in (
            ("length", ok + b"Content-Length: 16\r\n\r\n{\"status\": \"ok\"}"), ("close", ok + b"\r\nall fine"),
            ("chunked", ok + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
            ("interim", b"HTTP/1.1 103 X\r\nLink: x\r\n\r\n" + ok + b"Content-Length: 0\r\n\r\n"),
            ("redirect", b"HTTP/1.0 302 X\r\nLocation: ../x?y#z\r\nConnection: keep-alive\r\n"
                         b"Content-Length: 0\r\n\r\n"),
            ("absolute", b"HTTP/1.1 307 X\nLocation: http://0.0.0.0/x\nContent-Length: 0\n\n"),
            ("folded", ok + b"X: a\r\n b\r\nContent-Length:\r\n 1\r\n\r\nx"), ("none", b"HTTP/1.1 204\r\n\r\n"),
            ("other", b"SSH-2.0-OpenSSH_9.2\r\n"), ("grpc", bytes([0, 0, 0, 0, 2, 8, 1]))):
        yield title, b"\x03" + response
        yield title + "-head", b"\xff" + response


def dns_responses():
    """The records of responses behind the octet of which question they answer (see fuzz_dns_response.cc)."""
    record = b"\xc0\x0c\x00%c\x00\x01\x00\x00\x00\x3c\x00%c%b"
    name = b"\x04mail\xc0\x0c"
    for number, rr_type, data in (
            (0, 1, bytes([192, 0, 2, 1])), (1, 28, bytes(15) + b"\1"), (2, 5, name), (3, 15, b"\0\x0a" + name),
            (4, 33, b"\0\1\0\2\x13\xc4" + name), (5, 6, name + name + bytes(20)), (6, 16, b"\1a\2bc"),
            (7, 1, bytes(4))):
        yield f"type-{rr_type}-{number}", bytes([number]) + record % (rr_type, len(data), data)


def journals():
    """Lines of a journal, and questions to it."""
    at, target = '"at":"2026-01-01T00:00:00.000Z"', '"check":"web","target":"192.0.2.1","site":"fra"'
    for number, more in enumerate((f'"kind":"verdict",{target},"from":"up","to":"down"', f'"kind":"left",{target}',
                                   f'"kind":"joined",{target},"to":"up"', '"kind":"site","site":"fra","to":"up"',
                                   '"kind":"isolated"', '"kind":"connected"', '"kind":"stop"',
                                   '"kind":"start","alive_until":"2026-01-01T00:00:00.000Z"')):
        yield f"line-{number}", f'{{"seq":{number},{at},{more}}}\n'.encode() * 2
    yield "query", b"limit=20&kind=verdict&site=a%2Fb+c&since=24h"


def controls():
    """Commands, heartbeats and state files behind the octet of what they are (see fuzz_control.cc)."""
    member = '"pool":"www","member":"192.0.2.1"'
    for number, scope in enumerate(('"site":"fra"', '"pool":"www"', member, '"check":"web","target":"2001:db8::1"')):
        yield f"force-{number}", b"\0" + f'{{{scope},"state":"drain","reason":"x","author":"a","for":"2h"}}'.encode()
        yield f"release-{number}", b"\1" + f'{{{scope},"author":"a"}}'.encode()
        yield f"resume-{number}", b"\2" + f'{{{scope}}}'.encode()
        yield f"forced-{number}", b"\5" + (f'{{"version":1,"written_ms":1,"forced":[{{{scope},"state":"up","reason":"",'
                                           '"author":"","since_ms":5,"until_ms":null}]}').encode()
    yield "heartbeat", b'\3{"status":"down","detail":"disk"}'
    yield "path", b"\4example.com/web/2001:db8::1"
    yield "verdicts", (b'\6{"version":2,"written_ms":5,"verdicts":[{"check":"web","target":"192.0.2.1","verdict":"up",'
                       b'"since_ms":1,"flap_penalty":1.5,"held_until_ms":9,"awaits_resume":true}]}')


def responders():
    """Queries behind the two octets of how and from where."""
    for number, (title, packet) in enumerate(queries()):
        yield title, bytes([number % 128, number % 256]) + packet


TARGETS = {"message": queries, "responder": responders, "proxy": proxy_headers, "zone_file": zone_files,
           "config": configurations, "master_file": master_files, "cookie_secrets": secrets,
           "http_response": http_responses, "dns_response": dns_responses,
           "journal": journals, "control": controls}


def write_seeds(directory):
    for target, seeds in TARGETS.items():
        to = directory / target
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
        for title, octets in seeds():
            (to / re.sub(r"[^\w.-]", "_", title)).write_bytes(octets)
