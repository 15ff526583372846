// SPDX-License-Identifier: Apache-2.0
// RFC 6895 §2: header bits (§2.1) and opcodes (§2.2).
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("o.test", R"("www": {"pool": "web"})")});
}

}  // namespace

TEST_CASE("RFC 6895 §2.2: an opcode that is not QUERY is NOTIMP, with opcode, ID and RD copied") {
  auto w = world();
  for (unsigned opcode = 1; opcode < 16; ++opcode) {
    for (const bool rd : {false, true}) {
      INFO(opcode << " " << rd);
      const auto flags = static_cast<std::uint16_t>(opcode << 11 | (rd ? 0x0100U : 0U));
      for (const Octets& packet :
           {Packet(flags).wire(), Packet(flags).question("www.o.test.", type::kA).wire(),
            Packet(flags).question("o.test.", type::kSoa).opt().wire()}) {
        const auto m = w.send(packet);
        REQUIRE(m.has_value());
        CHECK(m->rcode == rcode::kNotImp);
        CHECK(m->opcode == static_cast<int>(opcode));
        CHECK(m->id == 0x1234);
        CHECK(m->rd == rd);
        CHECK_FALSE(m->aa);
        CHECK_FALSE(m->tc);
        CHECK(m->answer.empty());
        CHECK(m->authority.empty());
        CHECK(m->additional.empty());
        CHECK(m->wire.size() <= packet.size());
        CHECK(m->edns == (packet[11] == 1));  // ARCOUNT: an OPT for an OPT (RFC 6891 §6.1.1)
      }
    }
  }
}

TEST_CASE("RFC 6895 §2.2: what follows the header of an unknown opcode is not looked at") {
  auto w = world();
  const auto m = w.send(Packet(15 << 11).octets(Octets(40, 0xff)).count(Packet::question_section, 7));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kNotImp);
  CHECK(m->question_count == 0);
}

TEST_CASE("RFC 6895 §2.2: UPDATE and NOTIFY for a zone of ours are not implemented") {
  auto w = world();
  for (const unsigned opcode : {4U, 5U}) {
    const auto m = w.send(Packet(static_cast<std::uint16_t>(opcode << 11)).question("o.test.", type::kSoa));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kNotImp);
    CHECK_FALSE(m->aa);
  }
}

TEST_CASE("RFC 6895 §2.1: AD and CD in a query are understood as harmless; AD is never claimed") {
  auto w = world();
  for (const std::uint16_t flags : Numbers{0x0020, 0x0010, 0x0030}) {
    const auto m = w.ask("www.o.test.", type::kA, {.flags = flags});
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.aa);
    CHECK_FALSE(m.ad);
    CHECK_FALSE(m.cd);  // RFC 8906 §8.1.3.1: a server without DNSSEC clears it
    CHECK(m.answer == web_a("www.o.test."));
  }
}

}  // namespace gslbd::test
