// SPDX-License-Identifier: Apache-2.0
// RFC 4592 §4: wildcards by record type.
#include "tests/conformance/world.h"

namespace gslbd::test {
TEST_CASE("RFC 4592 §4.2: NS at a wildcard has no settled meaning: such a zone does not load") {
  CHECK_FALSE(loads(zone("s.test", R"("*.x": {"NS": "ns.other.test."})")));
}

TEST_CASE("RFC 4592 §4.3: a CNAME at a wildcard leads on as one at the name would") {
  World w({zone("s.test", R"("*.alias": {"CNAME": "www"}, "www": {"pool": "web"},
                             "*.gone": {"CNAME": "nothing"}, "*.out": {"CNAME": "www.elsewhere.test."})")});
  const auto m = w.ask("any.alias.s.test.", type::kA);
  CHECK(m.aa);
  auto expected = web_a("www.s.test.");
  expected.insert(expected.begin(), "any.alias.s.test. 300 IN CNAME www.s.test.");
  CHECK(m.answer == expected);
  CHECK(w.ask("any.alias.s.test.", type::kCname).answer ==
        Lines{"any.alias.s.test. 300 IN CNAME www.s.test."});
  const auto gone = w.ask("x.gone.s.test.", type::kA);
  CHECK(gone.rcode == rcode::kNxDomain);
  CHECK(gone.answer == Lines{"x.gone.s.test. 300 IN CNAME nothing.s.test."});
  CHECK(w.ask("x.out.s.test.", type::kA).answer == Lines{"x.out.s.test. 300 IN CNAME www.elsewhere.test."});
}

TEST_CASE("RFC 4592 §4.3: a CNAME whose target a wildcard covers, and one that covers itself") {
  World w({zone("s.test", R"("a": {"CNAME": "b.c.w"}, "*.w": {"pool": "web"}, "*.l": {"CNAME": "x.l"})")});
  auto expected = web_a("b.c.w.s.test.");
  expected.insert(expected.begin(), "a.s.test. 300 IN CNAME b.c.w.s.test.");
  CHECK(w.ask("a.s.test.", type::kA).answer == expected);
  CHECK(w.ask("q.l.s.test.", type::kA, {}, kTcp).rcode == rcode::kNoError);
}

TEST_CASE("RFC 4592 §4.5: SRV at a wildcard") {
  World w({zone("s.test", R"("*": {"SRV": "0 0 22 www"}, "www": {"pool": "web"})")});
  const auto m = w.ask("_ssh._tcp.host.s.test.", type::kSrv);
  CHECK(m.answer == Lines{"_ssh._tcp.host.s.test. 300 IN SRV 0 0 22 www.s.test."});
  CHECK(m.additional.size() == 4);
}

TEST_CASE("RFC 4592 §4.6: DS beside a wildcard is data without a cut") {
  World w({zone("s.test", R"("*": {"TXT": "\"t\""})")});
  const auto m = w.ask("a.s.test.", type::kDs);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  CHECK(m.authority == Lines{soa("s.test")});
}

TEST_CASE("RFC 4592: MX at a wildcard, with the exchange's addresses") {
  World w({zone("s.test", R"("*.m": {"MX": "10 www"}, "www": {"pool": "web"})")});
  const auto m = w.ask("a.b.m.s.test.", type::kMx);
  CHECK(m.answer == Lines{"a.b.m.s.test. 300 IN MX 10 www.s.test."});
  CHECK(m.additional.size() == 4);
}

TEST_CASE("RFC 4592: a pool at a wildcard answers each name that it covers, with both families") {
  World w({zone("s.test", R"("*": {"pool": "web"}, "here": {"TXT": "\"t\""})")});
  CHECK(w.ask("x.s.test.", type::kA).answer == web_a("x.s.test."));
  CHECK(w.ask("x.y.s.test.", type::kAaaa).answer == web_aaaa("x.y.s.test."));
  CHECK(w.ask("here.s.test.", type::kA).answer.empty());
  CHECK(w.ask("x.here.s.test.", type::kA).rcode == rcode::kNxDomain);
}

}  // namespace gslbd::test
