// SPDX-License-Identifier: Apache-2.0
// RFC 6895 §3.1: types: data types, question types and meta-types, asked of us.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("t.test", R"("www": {"pool": "web"})")});
}

void check_no_records(const Message& m) {
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority.empty());
  CHECK(m.additional.empty());
}

}  // namespace

TEST_CASE("RFC 6895 §3.1: any data type may be asked for, known to us or not") {
  auto w = world();
  for (const std::uint16_t qtype :
       Numbers{3, 4, 13, 17, 29, 46, 47, 48, 50, 99, 108, 127, 257, 1000, 32768, 65280, 65534}) {
    INFO(qtype);
    const auto m = w.ask("www.t.test.", qtype);
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.authority == Lines{soa("t.test")});
    CHECK(w.ask("nothing.t.test.", qtype).rcode == rcode::kNxDomain);
  }
}

TEST_CASE(
    "RFC 6895 §3.1: type 0, and types that only ever stand in the additional section, are no question") {
  auto w = world();
  for (const std::uint16_t qtype : Numbers{0, 41, 128, 250}) {  // 128 is NXNAME: RFC 9824 §3.5
    INFO(qtype);
    const auto m = w.ask("www.t.test.", qtype);
    CHECK(m.rcode == rcode::kFormErr);
    check_no_records(m);
  }
}

TEST_CASE("RFC 6895 §3.1: zone transfers are refused (RFC 5936 §2.2.1)") {
  auto w = world();
  for (const std::uint16_t qtype : Numbers{251, 252}) {
    const auto m = w.ask("t.test.", qtype);
    CHECK(m.rcode == rcode::kRefused);
    check_no_records(m);
  }
}

TEST_CASE("RFC 6895 §3.1: the question types that nobody uses any more are not implemented") {
  auto w = world();
  for (const std::uint16_t qtype : Numbers{249, 253, 254}) {
    INFO(qtype);
    const auto m = w.ask("t.test.", qtype);
    CHECK(m.rcode == rcode::kNotImp);
    check_no_records(m);
  }
}

TEST_CASE("RFC 6895 §3.1: every type there is gets an answer") {
  auto w = world();
  for (unsigned qtype = 0; qtype <= 0xffff; qtype += qtype < 300 ? 1 : 97) {
    const auto m = w.send(Packet().question("www.t.test.", static_cast<std::uint16_t>(qtype)), kUdp);
    if (!m || m->question_count != 1) FAIL("type " << qtype);
  }
}

}  // namespace gslbd::test
