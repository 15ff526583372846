// SPDX-License-Identifier: Apache-2.0
// RFC 3597: types that nobody here knows: carried as they are (§3), never compressed (§4), compared as octets
// (§6).
#include <algorithm>

#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("u.test", R"(
      "odd": {"TYPE65534": ["\\# 4 0a000001", "\\# 0"], "pool": "web"},
      "known": {"TYPE1": "\\# 4 c0000205"},
      "name": {"TYPE65400": "\\# 8 0175047465737400"},
      "case": {"TYPE65401": ["\\# 1 41", "\\# 1 61"]},
      "*.w": {"TYPE65534": "\\# 2 beef"},
      "srv": {"SRV": "1 2 3 www"}, "dn": {"DNAME": "www"}, "rp": {"RP": "a.u.test. b.u.test."},
      "afsdb": {"AFSDB": "1 www"}, "naptr": {"NAPTR": "10 10 \"u\" \"E2U+sip\" \"\" www"},
      "kx": {"KX": "10 www"},
      "www": {"pool": "web"})")});
}

}  // namespace

TEST_CASE("RFC 3597 §3: RDATA of an unknown type comes out as it went in") {
  auto w = world();
  CHECK(w.ask("odd.u.test.", 65534).answer ==
        Lines{"odd.u.test. 300 IN TYPE65534 \\# 0", "odd.u.test. 300 IN TYPE65534 \\# 4 0a000001"});
  CHECK(w.ask("a.b.w.u.test.", 65534).answer == Lines{"a.b.w.u.test. 300 IN TYPE65534 \\# 2 beef"});
  CHECK(w.ask("odd.u.test.", type::kA).answer == web_a("odd.u.test."));
}

TEST_CASE("RFC 3597 §5: a known type in generic form is that type") {
  auto w = world();
  CHECK(w.ask("known.u.test.", type::kA).answer == Lines{"known.u.test. 300 IN A 192.0.2.5"});
}

TEST_CASE("RFC 3597 §4: what looks like a name in an unknown type is not compressed") {
  auto w = world();
  const auto m = w.ask("name.u.test.", 65400);
  const auto records = take_apart(m.wire);
  REQUIRE(records.size() == 1);
  const Octets expected{1, 'u', 4, 't', 'e', 's', 't', 0};
  REQUIRE(records[0].rdata_size == expected.size());
  CHECK(std::equal(expected.begin(), expected.end(),
                   m.wire.begin() + static_cast<std::ptrdiff_t>(records[0].rdata_at)));
}

TEST_CASE("RFC 3597 §4: names in types later than RFC 1035 are written out") {
  auto w = world();
  // Where the names begin in each RDATA, and what they are.
  for (const auto& [name, qtype, at] :
       {std::tuple{"srv.u.test.", 33, 6U}, std::tuple{"dn.u.test.", 39, 0U}, std::tuple{"rp.u.test.", 17, 0U},
        std::tuple{"afsdb.u.test.", 18, 2U}, std::tuple{"kx.u.test.", 36, 2U}}) {
    INFO(name);
    const auto m = w.ask(name, static_cast<std::uint16_t>(qtype));
    const auto records = take_apart(m.wire);
    REQUIRE_FALSE(records.empty());
    std::size_t end = records[0].rdata_at + at;
    while (end < records[0].rdata_at + records[0].rdata_size && m.wire[end] != 0) {
      REQUIRE(m.wire[end] <= 63);  // a label, not a pointer
      end += std::size_t{m.wire[end]} + 1;
    }
    CHECK(end < records[0].rdata_at + records[0].rdata_size);
  }
}

TEST_CASE("RFC 3597 §6: RDATA that differs in case only is two records") {
  auto w = world();
  CHECK(w.ask("case.u.test.", 65401).answer.size() == 2);
}

TEST_CASE("RFC 3597 §3: unknown types behind a CNAME and below a DNAME") {
  World w({zone("u.test", R"("a": {"CNAME": "odd"}, "odd": {"TYPE65534": "\\# 1 00"}, "d": {"DNAME": "e"},
                             "x.e": {"TYPE65534": "\\# 1 01"})")});
  CHECK(w.ask("a.u.test.", 65534).answer.size() == 2);
  CHECK(w.ask("x.d.u.test.", 65534).answer.size() == 3);
}

}  // namespace gslbd::test
