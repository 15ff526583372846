// SPDX-License-Identifier: Apache-2.0
// RFC 1035 §4.1.1: the header.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("h.test", R"("www": {"pool": "web"}, "cut": {"NS": "ns.x.test."})")});
}

}  // namespace

TEST_CASE("RFC 1035: every ID comes back") {
  auto w = world();
  for (const std::uint16_t id : Numbers{0, 1, 0x00ff, 0xff00, 0x8000, 0xffff}) {
    CHECK(w.ask("www.h.test.", type::kA, {.id = id}).id == id);
  }
}

TEST_CASE("RFC 1035: a message with QR set is a response, and never answered") {
  auto w = world();
  CHECK_FALSE(w.send(Packet(0x8000).question("www.h.test.", type::kA)).has_value());
  CHECK_FALSE(w.send(Packet(0x8400).question("www.h.test.", type::kA)).has_value());
  for (unsigned opcode = 0; opcode < 16; ++opcode) {
    const auto flags = static_cast<std::uint16_t>(0x8000 | opcode << 11);
    CHECK_FALSE(w.send(Packet(flags).question("www.h.test.", type::kA)).has_value());
    CHECK_FALSE(w.send(Packet(flags)).has_value());
  }
  CHECK_FALSE(w.send(Packet(0x8005).question("www.h.test.", type::kA)).has_value());
}

TEST_CASE("RFC 1035: less than a header is not answered") {
  auto w = world();
  const Octets whole = Packet().question("www.h.test.", type::kA);
  for (std::size_t n = 0; n < 12; ++n) {
    CHECK_FALSE(w.send(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))).has_value());
  }
}

TEST_CASE("RFC 1035: AA with what is ours, not with referrals and refusals") {
  auto w = world();
  CHECK(w.ask("www.h.test.", type::kA).aa);
  CHECK(w.ask("www.h.test.", type::kMx).aa);
  CHECK(w.ask("nothing.h.test.", type::kA).aa);
  CHECK_FALSE(w.ask("cut.h.test.", type::kA).aa);
  CHECK_FALSE(w.ask("elsewhere.test.", type::kA).aa);
}

TEST_CASE("RFC 1035: bits that mean nothing in a query change nothing, and do not come back") {
  auto w = world();
  const auto plain = w.ask("www.h.test.", type::kA);
  // AA, TC, RA, Z, and every RCODE.
  for (const std::uint16_t flags : Numbers{0x0400, 0x0200, 0x0080, 0x0040, 0x000f, 0x0003, 0x06cf}) {
    INFO(flags);
    const auto m = w.ask("www.h.test.", type::kA, {.flags = flags});
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK_FALSE(m.tc);
    CHECK_FALSE(m.ra);
    CHECK_FALSE(m.z);
    CHECK(m.answer == plain.answer);
  }
}

TEST_CASE("RFC 1035: RD is copied, whatever the answer is; RA is never set") {
  auto w = world();
  for (const char* name : {"www.h.test.", "nothing.h.test.", "cut.h.test.", "elsewhere.test."}) {
    for (const bool rd : {false, true}) {
      const auto m = w.ask(name, type::kA, {.rd = rd});
      CHECK(m.rd == rd);
      CHECK_FALSE(m.ra);
    }
  }
  CHECK(w.send(Packet(0x0100)).value().rd);
}

}  // namespace gslbd::test
