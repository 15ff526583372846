// SPDX-License-Identifier: Apache-2.0
// What the responder says, question by question, read back by ldns.
#include "server/answer/responder.h"

#include <map>

#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "zones/rr_type.h"

using namespace gslbd;
using namespace gslbd::test;
namespace type = gslbd::zones::type;
using Lines = std::vector<std::string>;

namespace {

const char* const kZone = R"({
  "zone": "example.com", "ttl": "5m",
  "soa": {"mname": "ns1", "rname": "hostmaster", "refresh": "1h", "retry": "10m", "expire": "2w", "minimum": "5s",
          "serial": 7, "ttl": "1h"},
  "records": {
    "@": {"NS": ["ns1", "ns2"], "MX": ["10 mail", "20 mail.example.net."], "pool": "www"},
    "www": {"pool": "www", "TXT": "hello"},
    "api": {"pool": {"name": "www", "ttl": "5s"}},
    "v4only": {"pool": "v4only"},
    "dead": {"pool": "dead"},
    "failing": {"pool": "dead", "TXT": "t"},
    "ns1": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
    "ns2": {"A": "198.51.100.1"},
    "mail": {"A": "192.0.2.25"},
    "shop": {"CNAME": "www", "ttl": "1h"},
    "far": {"CNAME": "www.example.net."},
    "out": {"CNAME": "www.elsewhere.test."},
    "gone": {"CNAME": "nothing"},
    "loop": {"CNAME": "pool"}, "pool": {"CNAME": "loop"},
    "a.b.c": {"TXT": "deep"},
    "*.dev": {"A": "192.0.2.9", "MX": "10 mail"},
    "here.dev": {"TXT": "x"},
    "*.alias": {"CNAME": "www"},
    "sub": {"NS": ["ns.sub", "ns.other.example."], "DS": "12345 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0001"},
    "ns.sub": {"A": "192.0.2.53", "AAAA": "2001:db8::53"},
    "below.sub": {"CNAME": "sub"},
    "into": {"CNAME": "host.sub"},
    "_sip._tcp": {"SRV": {"ttl": "1m", "data": ["10 5 5060 sip"]}},
    "sip": {"AAAA": "2001:db8::60"},
    "odd": {"TYPE65534": "\\# 4 0a000001"}
  }})";

const char* const kNet = R"({
  "zone": "example.net", "soa": {"mname": "ns1", "serial": 1},
  "records": {"@": {"NS": "ns1"}, "ns1": {"A": "192.0.2.2"}, "www": {"CNAME": "web.deep"},
              "web.deep": {"A": "203.0.113.7"}, "back": {"CNAME": "shop.example.com."}}})";

const char* const kChild = R"({
  "zone": "child.example.net", "soa": {"mname": "ns1", "serial": 3},
  "records": {"@": {"NS": "ns1"}, "ns1": {"A": "192.0.2.3"}, "up": {"CNAME": "www.example.net."}}})";

Authority authority() {
  return Authority({kZone, kNet, kChild},
                   {{"www", {"192.0.2.10", "198.51.100.10", "203.0.113.10", "2001:db8::10"}},
                    {"v4only", {"192.0.2.10"}},
                    {"dead", {"192.0.2.10", "2001:db8::10"}, server::Selection::servfail}});
}

const std::string kSoa =
    "example.com. 5 IN SOA ns1.example.com. hostmaster.example.com. 7 3600 600 1209600 5";

}  // namespace

TEST_CASE("a static name is answered with its records, authoritatively") {
  auto server = authority();
  const auto m = server.ask("ns1.example.com.", type::kA);
  CHECK(m.rcode == 0);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"ns1.example.com. 300 IN A 192.0.2.1"});
  CHECK(m.authority.empty());
  CHECK(m.additional.empty());
  CHECK(m.size == 12 + 17 + 4 + 16);  // the owner is a pointer to the question
}

TEST_CASE("names in RDATA are compressed against the question, wherever it is") {
  auto server = authority();
  CHECK(server.ask("example.com.", type::kMx).answer ==
        Lines{"example.com. 300 IN MX 10 mail.example.com.", "example.com. 300 IN MX 20 mail.example.net."});
  CHECK(server.ask("EXAMPLE.com.", type::kNs).size == 12 + 13 + 4 + 2 * (12 + 6));
  CHECK(server.ask("x.y.z.dev.example.com.", type::kMx).answer ==
        Lines{"x.y.z.dev.example.com. 300 IN MX 10 mail.example.com."});
}

TEST_CASE("the question comes back with the case it was asked in") {
  auto server = authority();
  const auto m = server.ask("nS1.ExAmPlE.CoM.", type::kA);
  CHECK(m.qname == "nS1.ExAmPlE.CoM.");
  CHECK(m.answer == Lines{"nS1.ExAmPlE.CoM. 300 IN A 192.0.2.1"});
}

TEST_CASE("NODATA and NXDOMAIN carry the SOA with the negative TTL (RFC 2308 §3)") {
  auto server = authority();
  const auto nodata = server.ask("ns2.example.com.", type::kAaaa);
  CHECK(nodata.rcode == 0);
  CHECK(nodata.aa);
  CHECK(nodata.answer.empty());
  CHECK(nodata.authority == Lines{kSoa});
  const auto nxdomain = server.ask("nowhere.at.all.example.com.", type::kA);
  CHECK(nxdomain.rcode == 3);
  CHECK(nxdomain.aa);
  CHECK(nxdomain.authority == Lines{kSoa});
  CHECK(server.ask("example.com.", type::kSoa).answer ==
        Lines{"example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 7 3600 600 1209600 5"});
}

TEST_CASE("an empty non-terminal exists (RFC 4592 §2.2.2)") {
  auto server = authority();
  for (const char* name : {"b.c.example.com.", "c.example.com.", "_tcp.example.com.", "dev.example.com."}) {
    INFO(name);
    const auto m = server.ask(name, type::kA);
    CHECK(m.rcode == 0);
    CHECK(m.authority == Lines{kSoa});
  }
  CHECK(server.ask("x.c.example.com.", type::kA).rcode == 3);
}

TEST_CASE("wildcards stand in for what does not exist below their parent (RFC 4592)") {
  auto server = authority();
  CHECK(server.ask("any.dev.example.com.", type::kA).answer ==
        Lines{"any.dev.example.com. 300 IN A 192.0.2.9"});
  CHECK(server.ask("two.levels.dev.example.com.", type::kA).answer ==
        Lines{"two.levels.dev.example.com. 300 IN A 192.0.2.9"});
  CHECK(server.ask("*.dev.example.com.", type::kA).answer == Lines{"*.dev.example.com. 300 IN A 192.0.2.9"});
  CHECK(server.ask("here.dev.example.com.", type::kA).answer.empty());
  CHECK(server.ask("below.here.dev.example.com.", type::kA).rcode == 3);
  const auto nodata = server.ask("any.dev.example.com.", type::kTxt);
  CHECK(nodata.rcode == 0);
  CHECK(nodata.authority == Lines{kSoa});
  const auto alias = server.ask("x.alias.example.com.", type::kTxt);
  CHECK(alias.answer ==
        Lines{"www.example.com. 300 IN TXT \"hello\"", "x.alias.example.com. 300 IN CNAME www.example.com."});
}

TEST_CASE("CNAME chains are followed inside our zones, across them, and no further") {
  auto server = authority();
  const auto same = server.ask("shop.example.com.", type::kTxt);
  CHECK(same.answer ==
        Lines{"shop.example.com. 3600 IN CNAME www.example.com.", "www.example.com. 300 IN TXT \"hello\""});
  CHECK(same.aa);
  CHECK(server.ask("shop.example.com.", type::kCname).answer ==
        Lines{"shop.example.com. 3600 IN CNAME www.example.com."});
  CHECK(server.ask("far.example.com.", type::kA).answer ==
        Lines{"far.example.com. 300 IN CNAME www.example.net.", "web.deep.example.net. 300 IN A 203.0.113.7",
              "www.example.net. 300 IN CNAME web.deep.example.net."});
  CHECK(server.ask("up.child.example.net.", type::kA).answer ==
        Lines{"up.child.example.net. 300 IN CNAME www.example.net.",
              "web.deep.example.net. 300 IN A 203.0.113.7",
              "www.example.net. 300 IN CNAME web.deep.example.net."});
  const auto out = server.ask("out.example.com.", type::kA);
  CHECK(out.rcode == 0);
  CHECK(out.answer == Lines{"out.example.com. 300 IN CNAME www.elsewhere.test."});
  CHECK(out.authority.empty());
}

TEST_CASE("a chain that ends in nothing is NXDOMAIN with the SOA of that zone (RFC 2308 §2.1)") {
  auto server = authority();
  const auto m = server.ask("gone.example.com.", type::kA);
  CHECK(m.rcode == 3);
  CHECK(m.answer == Lines{"gone.example.com. 300 IN CNAME nothing.example.com."});
  CHECK(m.authority == Lines{kSoa});
  const auto nodata = server.ask("far.example.com.", type::kAaaa);
  CHECK(nodata.rcode == 0);
  CHECK(nodata.authority ==
        Lines{"example.net. 5 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 1209600 5"});
}

TEST_CASE("a CNAME loop ends") {
  auto server = authority();
  const auto m = server.ask("loop.example.com.", type::kA, {}, server::Transport::tcp);
  CHECK(m.rcode == 0);
  CHECK(m.answer.size() == server::Responder::kMaxChain + 1);
}

TEST_CASE("below a DNAME names are elsewhere (RFC 6672)") {
  const std::string far(63, 'f');
  Authority server({R"({"zone": "d.test", "soa": {"mname": "ns.x."}, "records": {"@": {"NS": "ns.x."},
                       "old": {"DNAME": "new", "TXT": "here"}, "new": {"A": "192.0.2.1"}, "www.new": {"A": "192.0.2.2"},
                       "hidden.old": {"A": "192.0.2.3"}, "away": {"DNAME": "other.example."},
                       "long": {"DNAME": ")" +
                    far + "." + far + "." + far + R"("}}})"});
  const auto m = server.ask("wWw.old.d.test.", type::kA);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"old.d.test. 300 IN DNAME new.d.test.",
                          "wWw.old.d.test. 300 IN CNAME www.new.d.test.",
                          "www.new.d.test. 300 IN A 192.0.2.2"});
  CHECK(server.ask("old.d.test.", type::kTxt).answer == Lines{"old.d.test. 300 IN TXT \"here\""});
  CHECK(server.ask("hidden.old.d.test.", type::kA).rcode == 3);  // hidden.new does not exist
  CHECK(server.ask("x.away.d.test.", type::kA).answer ==
        Lines{"away.d.test. 300 IN DNAME other.example.", "x.away.d.test. 300 IN CNAME x.other.example."});
  const auto too_long = server.ask(std::string(63, 'a') + ".long.d.test.", type::kA);
  CHECK(too_long.rcode == 6);
  CHECK(too_long.answer.size() == 1);
}

TEST_CASE("below a cut there is a referral with glue, not an answer") {
  auto server = authority();
  for (const char* name :
       {"host.sub.example.com.", "sub.example.com.", "ns.sub.example.com.", "a.b.below.sub.example.com."}) {
    INFO(name);
    const auto m = server.ask(name, type::kA);
    CHECK(m.rcode == 0);
    CHECK_FALSE(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{"sub.example.com. 300 IN NS ns.other.example.",
                               "sub.example.com. 300 IN NS ns.sub.example.com."});
    CHECK(m.additional ==
          Lines{"ns.sub.example.com. 300 IN A 192.0.2.53", "ns.sub.example.com. 300 IN AAAA 2001:db8::53"});
  }
  const auto chained = server.ask("into.example.com.", type::kA);
  CHECK(chained.aa);
  CHECK(chained.answer == Lines{"into.example.com. 300 IN CNAME host.sub.example.com."});
  CHECK(chained.authority.size() == 2);
  CHECK(chained.additional.size() == 2);
}

TEST_CASE("DS is answered on the parent's side of a cut (RFC 4035 §3.1.4.1)") {
  auto server = authority();
  const auto ds = server.ask("sub.example.com.", type::kDs);
  CHECK(ds.aa);
  CHECK(ds.answer.size() == 1);
  CHECK_FALSE(server.ask("below.sub.example.com.", type::kDs).aa);
  // child.example.net has no DS in example.net: NODATA from the parent, although the child is ours too.
  CHECK(server.ask("child.example.net.", type::kDs).authority.at(0).substr(0, 12) == "example.net.");
}

TEST_CASE("names that are not ours are refused") {
  auto server = authority();
  for (const char* name : {"example.org.", "com.", ".", "example.com.evil."}) {
    INFO(name);
    const auto m = server.ask(name, type::kA);
    CHECK(m.rcode == 5);
    CHECK_FALSE(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority.empty());
  }
  CHECK(server.ask("www.example.com.", type::kA, {.qclass = 3}).rcode == 5);
  CHECK(server.ask("example.com.", type::kAxfr).rcode == 5);
}

TEST_CASE("the longest matching zone answers") {
  auto server = authority();
  CHECK(server.ask("ns1.child.example.net.", type::kA).answer ==
        Lines{"ns1.child.example.net. 300 IN A 192.0.2.3"});
}

TEST_CASE("a pool answers each family with its own members, rotated") {
  auto server = authority();
  std::map<std::string, int> first;
  for (int i = 0; i < 30; ++i) {
    const auto m = server.ask("www.example.com.", type::kA);
    CHECK(m.answer == Lines{"www.example.com. 20 IN A 192.0.2.10", "www.example.com. 20 IN A 198.51.100.10",
                            "www.example.com. 20 IN A 203.0.113.10"});
    ++first[m.answer_in_order[0]];
  }
  for (const auto& [line, count] : first) CHECK(count == 10);
  CHECK(server.ask("www.example.com.", type::kAaaa).answer ==
        Lines{"www.example.com. 20 IN AAAA 2001:db8::10"});
  CHECK(server.ask("example.com.", type::kA).answer.size() == 3);
  CHECK(server.ask("www.example.com.", type::kTxt).answer.size() == 1);
  CHECK(server.ask("www.example.com.", type::kMx).authority == Lines{kSoa});
}

TEST_CASE("a name's own TTL replaces its pool's") {
  auto server = authority();
  for (const auto& line : server.ask("api.example.com.", type::kA).answer) {
    CHECK(line.find(" 5 IN A ") != std::string::npos);
  }
  CHECK(server.ask("api.example.com.", type::kAaaa).answer ==
        Lines{"api.example.com. 5 IN AAAA 2001:db8::10"});
}

TEST_CASE("a CNAME leads to a pool as to any name") {
  auto server = authority();
  const auto m = server.ask("back.example.net.", type::kAaaa);
  CHECK(m.answer == Lines{"back.example.net. 300 IN CNAME shop.example.com.",
                          "shop.example.com. 3600 IN CNAME www.example.com.",
                          "www.example.com. 20 IN AAAA 2001:db8::10"});
}

TEST_CASE("a pool with only IPv4 members answers AAAA with NODATA") {
  auto server = authority();
  const auto m = server.ask("v4only.example.com.", type::kAaaa);
  CHECK(m.rcode == 0);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{kSoa});
}

TEST_CASE("a pool that shall fail says SERVFAIL, for its addresses only") {
  auto server = authority();
  CHECK(server.ask("dead.example.com.", type::kA).rcode == 2);
  CHECK(server.ask("dead.example.com.", type::kTxt).rcode == 0);
}

TEST_CASE("weights hold over many answers") {
  Authority server(
      {R"({"zone": "w.test", "soa": {"mname": "ns"}, "records": {"@": {"NS": "ns.x.", "pool": "w"}}})"},
      {{"w", {"192.0.2.1", "192.0.2.2", "192.0.2.3"}, server::Selection::weighted, {10, 30, 60}}});
  std::map<std::string, int> seen;
  constexpr int kAsked = 20000;
  for (int i = 0; i < kAsked; ++i) {
    const auto response = server.raw(make_query("w.test.", type::kA));
    ++seen[std::to_string(response.back())];
  }
  // Four standard deviations of a binomial count; the generator is seeded, so this does not flicker.
  CHECK(seen["1"] == Approx(2000).margin(170));
  CHECK(seen["2"] == Approx(6000).margin(260));
  CHECK(seen["3"] == Approx(12000).margin(280));
}

TEST_CASE("types unknown to everybody travel as they are (RFC 3597)") {
  auto server = authority();
  CHECK(server.ask("odd.example.com.", 65534).answer ==
        Lines{"odd.example.com. 300 IN TYPE65534 \\# 4 0a000001"});
}

TEST_CASE("ANY gets one RRset (RFC 8482 §4.1)") {
  auto server = authority();
  CHECK(server.ask("ns1.example.com.", type::kAny).answer.size() == 1);
  CHECK(server.ask("www.example.com.", type::kAny).answer.size() == 3);
  // A pool without records of either family leaves the name's other types.
  CHECK(server.ask("failing.example.com.", type::kAny).answer ==
        Lines{"failing.example.com. 300 IN TXT \"t\""});
  CHECK(server.ask("dead.example.com.", type::kAny).rcode == 2);
  CHECK(server.ask("shop.example.com.", type::kAny).answer ==
        Lines{"shop.example.com. 3600 IN CNAME www.example.com."});
}

TEST_CASE("EDNS is answered with EDNS, and DO comes back (RFC 6891, RFC 3225)") {
  auto server = authority();
  const auto m = server.ask("ns1.example.com.", type::kA, {.rd = true, .edns = true, .dnssec_ok = true});
  CHECK(m.edns);
  CHECK(m.dnssec_ok);
  CHECK(m.udp_payload == 1232);
  CHECK(m.answer.size() == 1);
  CHECK_FALSE(server.ask("ns1.example.com.", type::kA).edns);
  const auto badvers = server.ask("ns1.example.com.", type::kA, {.edns = true, .edns_version = 1});
  CHECK(badvers.rcode == 16);
  CHECK(badvers.answer.empty());
}

TEST_CASE("what does not fit is truncated on UDP and whole on TCP") {
  std::string records = R"("@": {"NS": "ns.x."}, "big": {"TXT": [)";
  for (int i = 0; i < 40; ++i)
    records +=
        (i != 0 ? ", \"" : "\"") + std::string("text-") + std::to_string(i) + std::string(30, 'x') + "\"";
  Authority server({R"({"zone": "t.test", "soa": {"mname": "ns"}, "records": {)" + records + "]}}}"});
  const auto udp = server.ask("big.t.test.", type::kTxt, {.edns = true, .udp_payload = 4096});
  CHECK(udp.tc);
  CHECK(udp.answer.empty());
  CHECK(udp.edns);
  CHECK(udp.size <= 1232);
  const auto tcp = server.ask("big.t.test.", type::kTxt, {}, server::Transport::tcp);
  CHECK_FALSE(tcp.tc);
  CHECK(tcp.answer.size() == 40);
  const auto tiny = server.ask("t.test.", type::kSoa, {.edns = true, .udp_payload = 10});
  CHECK_FALSE(tiny.tc);
}

TEST_CASE("names at the limits are looked up, not feared") {
  auto server = authority();
  const std::string label(63, 'a');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(49, 'b') + ".example.com.";
  CHECK(longest.size() + 1 == 255);
  CHECK(server.ask(longest, type::kA).rcode == 3);
  std::string many;
  for (int i = 0; i < 121; ++i) many += "a.";
  CHECK(server.ask(many + "example.com.", type::kA).rcode == 3);
}
