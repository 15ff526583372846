// SPDX-License-Identifier: Apache-2.0
// RFC 2181 §5.2 and §8: the records of an RRset have one TTL, of 31 bits.
#include "tests/conformance/packet.h"
#include "zones/zone_file.h"

namespace gslbd::test {

TEST_CASE("RFC 2181: every record of an RRset is sent with the same TTL") {
  World w({zone("t.test", R"("www": {"pool": {"name": "web", "ttl": "7s"}},
                             "mx": {"MX": {"ttl": "1m", "data": ["10 a", "20 b", "30 c"]}})")});
  for (const auto& r : take_apart(w.ask("www.t.test.", type::kA).wire)) CHECK(r.ttl == 7);
  for (const auto& r : take_apart(w.ask("mx.t.test.", type::kMx).wire)) CHECK(r.ttl == 60);
}

TEST_CASE("RFC 2181: TTLs from 0 to 2^31 - 1 are sent as they are") {
  World w({zone("t.test", R"("zero": {"TXT": {"ttl": 0, "data": "\"0\""}},
                             "most": {"TXT": {"ttl": 2147483647, "data": "\"m\""}})")});
  CHECK(w.ask("zero.t.test.", type::kTxt).answer == Lines{"zero.t.test. 0 IN TXT \"0\""});
  CHECK(w.ask("most.t.test.", type::kTxt).answer == Lines{"most.t.test. 2147483647 IN TXT \"m\""});
}

TEST_CASE("RFC 2181: a TTL beyond 2^31 - 1 does not load") {
  Diagnostics diagnostics;
  (void)zones::read_zone_text(zone("t.test", R"("x": {"TXT": {"ttl": 2147483648, "data": "\"x\""}})"),
                              "t.json", zones::ZoneFileOptions{}, diagnostics);
  CHECK(diagnostics.has_errors());
}

}  // namespace gslbd::test
