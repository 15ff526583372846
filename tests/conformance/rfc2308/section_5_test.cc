// SPDX-License-Identifier: Apache-2.0
// RFC 2308 §3 and §5: the SOA of a negative answer has the smaller of its own TTL and its MINIMUM field.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

std::string zone_with(const std::string& ttl, const std::string& minimum) {
  return R"({"zone": "n.test", "ttl": "1h", "soa": {"mname": "ns1", "rname": "h", "serial": 1,
  "refresh": 3600,
    "retry": 600, "expire": 86400, "minimum": )" +
         minimum + R"(, "ttl": )" + ttl + R"(}, "records": {"@": {"NS": "ns1"}, "ns1": {"A": "192.0.2.1"},
    "www": {"pool": "web"}, "b.ent": {"pool": "web"}}})";
}

}  // namespace

TEST_CASE("RFC 2308: a MINIMUM below the SOA's TTL is the negative TTL") {
  World w({zone_with("3600", "30")});
  const Lines expected{"n.test. 30 IN SOA ns1.n.test. h.n.test. 1 3600 600 86400 30"};
  CHECK(w.ask("nope.n.test.", type::kA).authority == expected);   // NXDOMAIN
  CHECK(w.ask("www.n.test.", type::kTxt).authority == expected);  // no data
  CHECK(w.ask("ent.n.test.", type::kA).authority == expected);    // an empty non-terminal
}

TEST_CASE("RFC 2308: an SOA TTL below the MINIMUM is the negative TTL") {
  World w({zone_with("60", "86400")});
  const Lines expected{"n.test. 60 IN SOA ns1.n.test. h.n.test. 1 3600 600 86400 86400"};
  CHECK(w.ask("nope.n.test.", type::kA).authority == expected);
  CHECK(w.ask("www.n.test.", type::kTxt).authority == expected);
}

TEST_CASE("RFC 2308: a MINIMUM of 0 forbids negative caching") {
  World w({zone_with("3600", "0")});
  CHECK(w.ask("nope.n.test.", type::kA).authority ==
        Lines{"n.test. 0 IN SOA ns1.n.test. h.n.test. 1 3600 600 86400 0"});
}

TEST_CASE("RFC 2308: asked for, the SOA has its own TTL") {
  World w({zone_with("3600", "30")});
  const auto m = w.ask("n.test.", type::kSoa);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"n.test. 3600 IN SOA ns1.n.test. h.n.test. 1 3600 600 86400 30"});
  CHECK(m.authority.empty());
}

}  // namespace gslbd::test
