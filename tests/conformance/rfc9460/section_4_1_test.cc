// SPDX-License-Identifier: Apache-2.0
// RFC 9460 §4.1: SVCB and HTTPS: what an authoritative server adds to them.
#include <algorithm>

#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kSvcb = 64, kHttps = 65;

// Records in generic form, so that each octet is known: priority, target, parameters.
World world() {
  return World({zone("s.test", R"(
      "svc": {"HTTPS": "1 www"}, "self": {"HTTPS": "1 .", "pool": "web"},
      "alias": {"HTTPS": "0 svc2"}, "svc2": {"HTTPS": "1 www", "pool": "web"},
      "far": {"SVCB": "1 www.t.test."}, "out": {"SVCB": "1 www.elsewhere.test."},
      "none": {"HTTPS": "1 nothing"}, "nothere": {"HTTPS": "0 ."},
      "_8443._https.x": {"HTTPS": ["1 www", "2 www2"]}, "www": {"pool": "web"},
      "www2": {"A": "192.0.2.77"})"),
                zone("t.test", R"("www": {"pool": "web"})")});
}

Lines addresses(const std::string& owner) {
  auto out = web_a(owner);
  for (const auto& line : web_aaaa(owner)) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("RFC 9460 §4.1: ServiceMode: the addresses of the target") {
  auto w = world();
  const auto m = w.ask("svc.s.test.", kHttps);
  CHECK(m.aa);
  CHECK(m.answer.size() == 1);
  CHECK(m.additional == addresses("www.s.test."));
}

TEST_CASE("RFC 9460 §2.5.2: a target of \".\" is the owner itself") {
  auto w = world();
  CHECK(w.ask("self.s.test.", kHttps).additional == addresses("self.s.test."));
}

TEST_CASE("RFC 9460 §4.1: AliasMode: the target's own SVCB records and its addresses") {
  auto w = world();
  const auto m = w.ask("alias.s.test.", kHttps);
  CHECK(m.answer.size() == 1);
  std::size_t https = 0;
  for (const auto& line : m.additional) {
    if (line.find(" HTTPS ") != std::string::npos || line.find(" TYPE65 ") != std::string::npos) {
      ++https;
      CHECK(line.substr(0, 12) == "svc2.s.test.");
    }
  }
  CHECK(https == 1);
  for (const auto& line : addresses("svc2.s.test.")) {
    INFO(line);
    CHECK(std::count(m.additional.begin(), m.additional.end(), line) == 1);
  }
}

TEST_CASE("RFC 9460 §2.5.1: AliasMode to \".\": the service is not there, and there is nothing to add") {
  auto w = world();
  const auto m = w.ask("nothere.s.test.", kHttps);
  CHECK(m.answer.size() == 1);
  CHECK(m.additional.empty());
}

TEST_CASE("RFC 9460 §4.1: targets in other zones of ours, and in nobody's") {
  auto w = world();
  CHECK(w.ask("far.s.test.", kSvcb).additional == addresses("www.t.test."));
  CHECK(w.ask("out.s.test.", kSvcb).additional.empty());
  CHECK(w.ask("none.s.test.", kHttps).additional.empty());
}

TEST_CASE("RFC 9460 §4.1: several records, each target's addresses once") {
  auto w = world();
  const auto m = w.ask("_8443._https.x.s.test.", kHttps);
  CHECK(m.answer.size() == 2);
  auto expected = addresses("www.s.test.");
  expected.emplace_back("www2.s.test. 300 IN A 192.0.2.77");
  std::sort(expected.begin(), expected.end());
  CHECK(m.additional == expected);
}

TEST_CASE("RFC 9460 §2.2: the target is written out, not compressed") {
  auto w = world();
  const auto m = w.ask("svc.s.test.", kHttps);
  const auto records = take_apart(m.wire);
  REQUIRE_FALSE(records.empty());
  CHECK(records[0].rr_type == kHttps);
  CHECK(records[0].rdata_size == 2 + 12);
  CHECK(name_at(m.wire, records[0].rdata_at + 2) == "www.s.test.");
  CHECK(m.wire[records[0].rdata_at + 2] == 3);
}

TEST_CASE("RFC 9460 §4.1: additional records never make a response too large") {
  auto w = world();
  const auto m = w.ask("_8443._https.x.s.test.", kHttps, {}, kUdp);
  CHECK_FALSE(m.tc);
  CHECK(m.size <= 512);
}

}  // namespace gslbd::test
