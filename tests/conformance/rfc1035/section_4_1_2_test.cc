// SPDX-License-Identifier: Apache-2.0
// RFC 1035 §4.1.2 and §3.2.5: the question section, its QTYPE and QCLASS.
#include <algorithm>

#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

World world() {
  return World({zone("q.test", R"("www": {"pool": "web"}, "TxT": {"TXT": "\"t\""})")});
}

}  // namespace

TEST_CASE("RFC 1035: the question comes back octet for octet, with every answer") {
  auto w = world();
  for (const char* name :
       {"www.q.test.", "wWw.Q.tEsT.", "nothing.Q.test.", "Elsewhere.test.", "\\001\\255.q.test."}) {
    for (const std::uint16_t qtype : Numbers{1, 16, 28, 255, 252, 65280}) {
      const Octets packet = Packet().question(name, qtype);
      const auto m = w.send(packet);
      REQUIRE(m.has_value());
      REQUIRE(m->wire.size() >= packet.size());
      CHECK(std::equal(packet.begin() + 12, packet.end(), m->wire.begin() + 12));
      CHECK(m->question_count == 1);
    }
  }
}

TEST_CASE(
    "RFC 1035: QCLASS: other classes than IN are refused, and * is not answered with authority (§6.2)") {
  auto w = world();
  for (const std::uint16_t qclass : Numbers{0, 2, 3, 4, 5, 254, 256, 65280, 65535}) {
    INFO(qclass);
    const auto m = w.ask("www.q.test.", type::kA, {.qclass = qclass});
    CHECK(m.rcode == rcode::kRefused);
    CHECK_FALSE(m.aa);
    CHECK(m.answer.empty());
    CHECK(m.qclass == qclass);
  }
  const auto any = w.ask("www.q.test.", type::kA, {.qclass = 255});
  CHECK(any.rcode == rcode::kNoError);
  CHECK_FALSE(any.aa);
  CHECK(any.answer == web_a("www.q.test."));
}

TEST_CASE("RFC 1035: a question that is cut short, or whose name does not end, is malformed") {
  auto w = world();
  const Octets whole = Packet().question("www.q.test.", type::kA);
  for (std::size_t n = 12; n < whole.size(); ++n) {
    INFO(n);
    const auto m = w.send(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kFormErr);
    CHECK(m->answer.empty());
  }
}

TEST_CASE("RFC 1035: a question's name has nothing before it to point to") {
  auto w = world();
  for (const Octets& name : {Octets{0xc0, 0x0c}, Octets{0xc0, 0x00}, Octets{3, 'w', 'w', 'w', 0xc0, 0x0c},
                             Octets{0xc0, 0xff}, Octets{0xff, 0xff}}) {
    const auto m = w.send(Packet().octets(name + Octets{0, 1, 0, 1}).count(Packet::question_section, 1));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kFormErr);
  }
}

TEST_CASE("RFC 1035: label types that are not there (RFC 6891 §5) are malformed") {
  auto w = world();
  for (const std::uint8_t n : Octets{0x40, 0x41, 0x7f, 0x80, 0xbf}) {
    const auto m = w.send(Packet()
                              .octets(Octets{n} + Octets(200, 'a') + Octets{0, 0, 1, 0, 1})
                              .count(Packet::question_section, 1));
    REQUIRE(m.has_value());
    CHECK(m->rcode == rcode::kFormErr);
  }
}

TEST_CASE("RFC 1035: octets behind the message are malformed") {
  auto w = world();
  const auto m = w.send(Packet().question("www.q.test.", type::kA).octets({0}));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kFormErr);
}

TEST_CASE("RFC 1035: records in a query are stepped over, and counts must be true") {
  auto w = world();
  const Octets owner{0xc0, 0x0c};
  const auto m = w.send(Packet()
                            .question("www.q.test.", type::kA)
                            .record(Packet::answer_section, owner, type::kA, 1, 60, {192, 0, 2, 66})
                            .record(Packet::authority_section, owner, type::kNs, 1, 60, {0})
                            .record(Packet::additional_section, owner, type::kTxt, 1, 60, {1, 'x'}));
  REQUIRE(m.has_value());
  CHECK(m->rcode == rcode::kNoError);
  CHECK(m->answer == web_a("www.q.test."));
  for (const auto section : {Packet::answer_section, Packet::authority_section, Packet::additional_section}) {
    const auto lies = w.send(Packet().question("www.q.test.", type::kA).count(section, 1));
    REQUIRE(lies.has_value());
    CHECK(lies->rcode == rcode::kFormErr);
  }
}

}  // namespace gslbd::test
