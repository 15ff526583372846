// SPDX-License-Identifier: Apache-2.0
// RFC 2782, "The format of the SRV RR": Target: "Implementors are urged, but not required, to return the
// address record(s) in the Additional Data section." The RFC does not number its sections.
#include <algorithm>

#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("v.test", R"(
      "_sip._tcp": {"SRV": ["10 5 5060 www", "20 5 5060 b"]}, "_none._tcp": {"SRV": "0 0 0 ."},
      "_far._tcp": {"SRV": "1 1 1 www.x.test."}, "_out._tcp": {"SRV": "1 1 1 www.elsewhere.test."},
      "_alias._tcp": {"SRV": "1 1 1 alias"}, "alias": {"CNAME": "www"},
      "_twice._tcp": {"SRV": ["1 1 1 www", "2 1 2 www"]},
      "_sub._tcp": {"SRV": "1 1 1 host.sub"}, "sub": {"NS": "ns.x.test."},
      "_w._tcp": {"SRV": "1 1 1 any.wild"},
      "*.wild": {"pool": "web"}, "www": {"pool": "web"}, "b": {"AAAA": "2001:db8::b"})"),
                zone("x.test", R"("www": {"pool": "web"})")});
}

Lines addresses(const std::string& owner) {
  auto out = web_a(owner);
  for (const auto& line : web_aaaa(owner)) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("RFC 2782: the addresses of each target that is ours, both families, once") {
  auto w = world();
  const auto m = w.ask("_sip._tcp.v.test.", type::kSrv);
  CHECK(m.answer == Lines{"_sip._tcp.v.test. 300 IN SRV 10 5 5060 www.v.test.",
                          "_sip._tcp.v.test. 300 IN SRV 20 5 5060 b.v.test."});
  auto expected = addresses("www.v.test.");
  expected.insert(expected.begin(), "b.v.test. 300 IN AAAA 2001:db8::b");
  CHECK(m.additional == expected);
  CHECK(w.ask("_twice._tcp.v.test.", type::kSrv).additional == addresses("www.v.test."));
}

TEST_CASE("RFC 2782: a target of \".\" says that the service is not there") {
  auto w = world();
  const auto m = w.ask("_none._tcp.v.test.", type::kSrv);
  CHECK(m.answer == Lines{"_none._tcp.v.test. 300 IN SRV 0 0 0 ."});
  CHECK(m.additional.empty());
}

TEST_CASE("RFC 2782: targets in other zones of ours, in nobody's, below a cut, and aliases") {
  auto w = world();
  CHECK(w.ask("_far._tcp.v.test.", type::kSrv).additional == addresses("www.x.test."));
  for (const char* name : {"_out._tcp.v.test.", "_alias._tcp.v.test.", "_sub._tcp.v.test."}) {
    CHECK(w.ask(name, type::kSrv).additional.empty());
  }
}

TEST_CASE("RFC 2782: a target that a wildcard covers") {
  auto w = world();
  const auto m = w.ask("_w._tcp.v.test.", type::kSrv);
  for (const auto& line : m.additional) CHECK(line.substr(0, 16) == "any.wild.v.test.");
}

TEST_CASE("RFC 2782: the target is not compressed") {
  auto w = world();
  const auto m = w.ask("_far._tcp.v.test.", type::kSrv);
  const auto records = take_apart(m.wire);
  REQUIRE_FALSE(records.empty());
  CHECK(records[0].rdata_size == 6 + 12);
}

}  // namespace gslbd::test
