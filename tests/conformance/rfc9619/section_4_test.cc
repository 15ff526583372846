// SPDX-License-Identifier: Apache-2.0
// RFC 9619 §4: a query has one question. RFC 7873 §5.4 alone allows none, see rfc7873/section_5_4_test.cc.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

void check_refused(const std::optional<Message>& m, bool edns) {
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kFormErr);
  CHECK_FALSE(m->aa);
  CHECK(m->answer.empty());
  CHECK(m->authority.empty());
  CHECK(m->additional.empty());
  CHECK(m->edns == edns);
}

}  // namespace

TEST_CASE("RFC 9619: more than one question is FORMERR, whatever they ask") {
  World w({zone("q.test", R"("www": {"pool": "web"})")});
  check_refused(w.send(Packet().question("www.q.test.", type::kA).question("www.q.test.", type::kAaaa)),
                false);
  check_refused(w.send(Packet().question("www.q.test.", type::kA).question("www.q.test.", type::kA)), false);
  check_refused(w.send(Packet().question("x.test.", type::kA).question("y.test.", type::kA)), false);
}

TEST_CASE("RFC 9619: a count that the message does not hold is FORMERR") {
  World w({zone("q.test", R"("www": {"pool": "web"})")});
  for (const std::uint16_t n : Numbers{2, 3, 255, 256, 65535}) {
    check_refused(w.send(Packet().question("www.q.test.", type::kA).count(Packet::question_section, n)),
                  false);
  }
}

TEST_CASE("RFC 9619: no question is FORMERR") {
  World w({zone("q.test", R"("www": {"pool": "web"})")});
  check_refused(w.send(Packet()), false);
  check_refused(w.send(Packet().opt()), true);
}

}  // namespace gslbd::test
