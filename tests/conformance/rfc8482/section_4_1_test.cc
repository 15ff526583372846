// SPDX-License-Identifier: Apache-2.0
// RFC 8482 §4.1: ANY is answered with one RRset of the name.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("a.test", R"("@": {"NS": "ns1", "MX": "10 mail", "pool": "web"},
      "many": {"pool": "web", "TXT": ["\"one\"", "\"two\""], "MX": "10 mail"},
      "alias": {"CNAME": "many"}, "*.w": {"pool": "web", "TXT": "\"t\""}, "b.ent": {"TXT": "\"t\""},
      "cut": {"NS": "ns.x.test."}, "dn": {"DNAME": "many"}, "mail": {"A": "192.0.2.25"})")});
}

// The type that every record of the answer has; 0: they differ.
std::uint16_t one_type(const Message& m) {
  std::uint16_t out = 0;
  for (const auto& r : take_apart(m.wire)) {
    if (r.section != Packet::answer_section) continue;
    if (out != 0 && r.rr_type != out) return 0;
    out = r.rr_type;
  }
  return out;
}

}  // namespace

TEST_CASE("RFC 8482: one whole RRset that the name has") {
  auto w = world();
  for (const char* name : {"a.test.", "many.a.test.", "x.w.a.test."}) {
    INFO(name);
    const auto m = w.ask(name, type::kAny);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    REQUIRE_FALSE(m.answer.empty());
    const auto seen = one_type(m);
    CHECK(seen != 0);
    CHECK(m.answer == w.ask(name, seen).answer);
  }
}

TEST_CASE("RFC 8482: no more over TCP than over UDP") {
  auto w = world();
  CHECK(w.ask("many.a.test.", type::kAny, {}, kTcp).answer ==
        w.ask("many.a.test.", type::kAny, {}, kUdp).answer);
}

TEST_CASE("RFC 8482: a CNAME is the one RRset, and is not followed") {
  auto w = world();
  CHECK(w.ask("alias.a.test.", type::kAny).answer == Lines{"alias.a.test. 300 IN CNAME many.a.test."});
}

TEST_CASE("RFC 8482: names without records and names that are not there answer ANY as any type") {
  auto w = world();
  const auto ent = w.ask("ent.a.test.", type::kAny);
  CHECK(ent.rcode == rcode::kNoError);
  CHECK(ent.authority == Lines{soa("a.test")});
  CHECK(w.ask("nothing.a.test.", type::kAny).rcode == rcode::kNxDomain);
  const auto cut = w.ask("cut.a.test.", type::kAny);
  CHECK_FALSE(cut.aa);
  CHECK(cut.authority == Lines{"cut.a.test. 300 IN NS ns.x.test."});
}

TEST_CASE("RFC 8482: below a DNAME: the DNAME and the CNAME, and no more") {
  auto w = world();
  CHECK(w.ask("x.dn.a.test.", type::kAny).answer ==
        Lines{"dn.a.test. 300 IN DNAME many.a.test.", "x.dn.a.test. 300 IN CNAME x.many.a.test."});
}

TEST_CASE("RFC 8482: a pool without records of either family leaves the name's other types") {
  Authority w({zone("a.test", R"("dead": {"pool": "gone", "TXT": "\"t\""}, "only": {"pool": "gone"})")},
              {{"gone", {"192.0.2.10"}, server::Selection::nodata}});
  for (const auto transport : {kUdp, kTcp}) {
    CHECK(w.ask("dead.a.test.", type::kAny, {}, transport).answer == Lines{"dead.a.test. 300 IN TXT \"t\""});
    CHECK(w.ask("only.a.test.", type::kAny, {}, transport).authority == Lines{soa("a.test")});
  }
}

TEST_CASE("RFC 8482: a pool that shall fail, at a name with nothing else, fails") {
  Authority w({zone("a.test", R"("dead": {"pool": "gone"})")},
              {{"gone", {"192.0.2.10"}, server::Selection::servfail}});
  for (const auto transport : {kUdp, kTcp}) {
    CHECK(w.ask("dead.a.test.", type::kAny, {}, transport).rcode == rcode::kServFail);
  }
}

TEST_CASE("RFC 8482 §4: ANY is small: it amplifies no more than the largest RRset that comes first") {
  auto w = world();
  CHECK(w.ask("many.a.test.", type::kAny).size <= 512);
}

}  // namespace gslbd::test
