// SPDX-License-Identifier: Apache-2.0
// RFC 2181 §6.1: zone authority: what belongs to the zone above a cut and what to the one below.
#include "tests/conformance/world.h"

namespace gslbd::test {

TEST_CASE("RFC 2181: the NS records of a cut belong to the child: the parent tells them without authority") {
  World w({zone("p.test", R"("c": {"NS": "ns.c"}, "ns.c": {"A": "192.0.2.53"})")});
  const auto m = w.ask("c.p.test.", type::kNs);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{"c.p.test. 300 IN NS ns.c.p.test."});
  CHECK(m.additional == Lines{"ns.c.p.test. 300 IN A 192.0.2.53"});
}

TEST_CASE("RFC 2181: with both zones served here the child's own NS records are the answer") {
  World w({zone("p.test", R"("c": {"NS": "ns.old.test."})"), zone("c.p.test", "")});
  const auto m = w.ask("c.p.test.", type::kNs);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"c.p.test. 300 IN NS ns1.c.p.test."});
}

TEST_CASE("RFC 2181: glue in the parent is not authoritative data: asked for, it is a referral") {
  World w({zone("p.test", R"("c": {"NS": "ns.c"}, "ns.c": {"A": "192.0.2.53"})")});
  const auto m = w.ask("ns.c.p.test.", type::kA);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority.size() == 1);
}

TEST_CASE("RFC 2181: the SOA at the apex is the zone's: a cut has none") {
  World w({zone("p.test", R"("c": {"NS": "ns.other.test."})")});
  CHECK(w.ask("p.test.", type::kSoa).aa);
  CHECK_FALSE(w.ask("c.p.test.", type::kSoa).aa);
}

}  // namespace gslbd::test
