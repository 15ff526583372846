// SPDX-License-Identifier: Apache-2.0
// RFC 2181 §10: CNAME (§10.1), PTR (§10.2), and NS and MX whose target is an alias (§10.3).
#include "tests/conformance/world.h"

namespace gslbd::test {
TEST_CASE("RFC 2181 §10.1: a name with a CNAME has no other data, and one CNAME") {
  CHECK(loads(zone("t.test", R"("x": {"CNAME": "y"})")));
  CHECK_FALSE(loads(zone("t.test", R"("x": {"CNAME": "y", "A": "192.0.2.1"})")));
  CHECK_FALSE(loads(zone("t.test", R"("x": {"CNAME": "y", "pool": "web"})")));
  CHECK_FALSE(loads(zone("t.test", R"("x": {"CNAME": ["y", "z"]})")));
}

TEST_CASE("RFC 2181 §10.2: an address may have several PTR records") {
  World w({zone("2.0.192.in-addr.arpa",
                R"("10": {"PTR": ["a.t.test.", "b.t.test."]}, "11": {"CNAME": "11.rev.t.test."})"),
           zone("rev.t.test", R"("11": {"PTR": "host.t.test."})")});
  CHECK(w.ask("10.2.0.192.in-addr.arpa.", type::kPtr).answer.size() == 2);
  CHECK(w.ask("11.2.0.192.in-addr.arpa.", type::kPtr).answer ==
        Lines{"11.2.0.192.in-addr.arpa. 300 IN CNAME 11.rev.t.test.",
              "11.rev.t.test. 300 IN PTR host.t.test."});
}

TEST_CASE("RFC 2181 §10.3: an alias as the target of NS or MX gets no additional data") {
  World w({zone("t.test", R"("@": {"NS": ["ns1", "alias"], "MX": ["10 alias", "20 www"]},
                             "alias": {"CNAME": "www"}, "www": {"pool": "web"})")});
  const auto ns = w.ask("t.test.", type::kNs);
  CHECK(ns.answer.size() == 2);
  CHECK(ns.additional == Lines{"ns1.t.test. 300 IN A 192.0.2.1"});
  const auto mx = w.ask("t.test.", type::kMx);
  auto expected = web_a("www.t.test.");
  for (const auto& line : web_aaaa("www.t.test.")) expected.push_back(line);
  CHECK(mx.additional == expected);
}

}  // namespace gslbd::test
