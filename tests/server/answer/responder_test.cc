// SPDX-License-Identifier: Apache-2.0
// What the responder says for a name with a pool. What the RFCs say is under tests/conformance.
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
    "@": {"NS": "ns1", "pool": "www"},
    "www": {"pool": "www", "TXT": "hello"},
    "api": {"pool": {"name": "www", "ttl": "5s"}},
    "v4only": {"pool": "v4only"},
    "dead": {"pool": "dead", "TXT": "t"},
    "ns1": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
    "shop": {"CNAME": "www", "ttl": "1h"}
  }})";

const char* const kNet = R"({
  "zone": "example.net", "soa": {"mname": "ns1", "serial": 1},
  "records": {"@": {"NS": "ns1"}, "ns1": {"A": "192.0.2.2"}, "back": {"CNAME": "shop.example.com."}}})";

Authority authority() {
  return Authority({kZone, kNet}, {{"www", {"192.0.2.10", "198.51.100.10", "203.0.113.10", "2001:db8::10"}},
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
  // ANY gets an RRset that exists (RFC 8482 §4.1).
  CHECK(server.ask("dead.example.com.", type::kAny).answer == Lines{"dead.example.com. 300 IN TXT \"t\""});
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

// A name behind a CNAME may be written as nothing but a pointer: what is counted off from it must follow it.
TEST_CASE("a chain that climbs to the parent zone for DS finds the parent's names in the message") {
  const char* const child = R"({"zone": "a.d.t", "records": {"@": {"NS": "ns.t."}, "c": {"CNAME": "@"}}})";
  Authority cut(
      {R"({"zone": "t", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "d": {"NS": "ns.d"},
                     "ns.d": {"A": "192.0.2.2"}}})",
       child});
  const auto referral = cut.ask("c.a.d.t.", type::kDs);
  CHECK(referral.authority == Lines{"d.t. 300 IN NS ns.d.t."});
  CHECK(referral.additional == Lines{"ns.d.t. 300 IN A 192.0.2.2"});
  Authority dname(
      {R"({"zone": "t", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "d": {"DNAME": "e"}}})",
       child});
  CHECK(dname.ask("c.a.d.t.", type::kDs).answer ==
        Lines{"a.d.t. 300 IN CNAME a.e.t.", "c.a.d.t. 300 IN CNAME a.d.t.", "d.t. 300 IN DNAME e.t."});
  Authority nested(
      {R"({"zone": "t", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "b": {"NS": "ns"}}})",
       R"({"zone": "b.t", "records": {"@": {"NS": "ns.t."}, "a": {"CNAME": "n.c"}, "c": {"CNAME": "@"}}})",
       R"({"zone": "c.b.t", "records": {"@": {"NS": "ns.t."}, "n": {"CNAME": "@"}}})"});
  const auto climbed = nested.ask("a.b.t.", type::kDs);
  REQUIRE(climbed.authority.size() == 1);
  CHECK(climbed.authority[0].starts_with("t. 5 IN SOA ns.t. "));
}

TEST_CASE("a chain that climbs to the parent zone for DS names its SOA where it stands") {
  const char* const parent =
      R"({"zone": "t", "records": {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "www": {"NS": "ns"}}})";
  const char* const child =
      R"({"zone": "www.t", "records": {"@": {"NS": "ns.t."}, "c": {"CNAME": "@"}, "e.d": {"DNAME": "d"}}})";
  Authority server({parent, child});
  const auto m = server.ask("c.www.t.", type::kDs);
  CHECK(m.rcode == 0);
  CHECK(m.answer == Lines{"c.www.t. 300 IN CNAME www.t."});
  REQUIRE(m.authority.size() == 1);
  CHECK(m.authority[0].starts_with("t. "));
  // RFC 2181 §5: a DNAME that the chain comes back to is not repeated.
  CHECK(server.ask("e.e.d.www.t.", type::kAny).answer ==
        Lines{"e.d.www.t. 300 IN DNAME d.www.t.", "e.e.d.www.t. 300 IN CNAME e.d.www.t."});
}
