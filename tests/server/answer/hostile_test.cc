// SPDX-License-Identifier: Apache-2.0
// Packets that are not what they should be: a response that ldns can read, or silence, and never a crash.
#include "core/random.h"
#include "server/answer/message.h"
#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "zones/rr_type.h"

using namespace gslbd;
using namespace gslbd::test;
namespace type = gslbd::zones::type;

namespace {

Authority small() {
  return Authority({R"({"zone": "e.test", "soa": {"mname": "ns"}, "records":
                       {"@": {"NS": "ns"}, "ns": {"A": "192.0.2.1"}, "c": {"CNAME": "ns"}, "p": {"pool": "p"}}})"},
                   {{"p", {"192.0.2.10", "2001:db8::10"}}});
}

using Packet = std::vector<std::uint8_t>;

int rcode_of(const Packet& response) {
  return response.size() < 12 ? -1 : response[3] & 0xf;
}

}  // namespace

TEST_CASE("without a header, or as a response, a packet gets nothing") {
  auto server = small();
  CHECK(server.raw({}).empty());
  Packet query = make_query("ns.e.test.", type::kA);
  for (std::size_t n = 0; n < 12; ++n) CHECK(server.raw(std::span(query).first(n)).empty());
  query[2] |= 0x80;
  CHECK(server.raw(query).empty());
}

TEST_CASE("every truncation of a query is FORMERR with a readable response") {
  auto server = small();
  const Packet query = make_query("ns.e.test.", type::kA, {.edns = true});
  for (std::size_t n = 12; n < query.size(); ++n) {
    const Packet response = server.raw(std::span(query).first(n));
    INFO(n);
    CHECK(rcode_of(response) == 1);
    CHECK(parse_message(response).has_value());
  }
}

TEST_CASE("shapes that are wrong are FORMERR") {
  auto server = small();
  const Packet good = make_query("ns.e.test.", type::kA, {.edns = true});
  Packet p = good;
  p[5] = 0;  // no question (RFC 9619)
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p[5] = 2;
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p[12] = 0xc0;  // a pointer in the question
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p[12] = 0x43;  // an extended label
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p.push_back(0);  // something behind the end
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p[11] = 2;  // two OPTs
  p.insert(p.end(), good.end() - 11, good.end());
  CHECK(rcode_of(server.raw(p)) == 1);
  p = good;
  p[11] = 0, p[9] = 1;  // an OPT in the authority section
  CHECK(rcode_of(server.raw(p)) == 1);
}

TEST_CASE("other opcodes are NOTIMP") {
  auto server = small();
  for (unsigned opcode = 1; opcode < 16; ++opcode) {
    Packet query = make_query("ns.e.test.", type::kA);
    query[2] = static_cast<std::uint8_t>(opcode << 3);
    const Packet response = server.raw(query);
    CHECK(rcode_of(response) == 4);
    CHECK((response[2] >> 3 & 0xf) == static_cast<int>(opcode));
  }
}

TEST_CASE("an OPT behind a question that cannot be read is none") {
  auto server = small();
  Packet query = make_query("ns.e.test.", type::kA, {.edns = true});
  query[2] = 15 << 3;
  CHECK(server.raw(query)[11] == 1);  // NOTIMP with an OPT
  query[12] = 0xff;                   // a pointer, where nothing stands before it
  CHECK(server.raw(query)[11] == 0);
}

TEST_CASE("mutated and random packets never get an unreadable or oversized response") {
  auto server = small();
  Random random(20261121);
  const std::vector<Packet> seeds{make_query("ns.e.test.", type::kA),
                                  make_query("c.e.test.", type::kA, {.edns = true}),
                                  make_query("p.e.test.", type::kAaaa, {.edns = true, .dnssec_ok = true}),
                                  make_query("x.y.e.test.", type::kAny), make_query(".", type::kNs)};
  for (int i = 0; i < 50000; ++i) {
    Packet p = seeds[random.below(static_cast<std::uint32_t>(seeds.size()))];
    for (std::uint32_t n = random.below(6); n > 0; --n) {
      const auto at = random.below(static_cast<std::uint32_t>(p.size()));
      switch (random.below(4)) {
        case 0:
          p[at] = static_cast<std::uint8_t>(random.next());
          break;
        case 1:
          p.erase(p.begin() + at);
          break;
        case 2:
          p.insert(p.begin() + at, static_cast<std::uint8_t>(random.next()));
          break;
        default:
          p.resize(at + 1);
      }
      if (p.empty()) p.push_back(0);
    }
    const Packet response = server.raw(p);
    if (response.empty()) continue;
    if (response.size() > 1232 || !parse_message(response)) {
      INFO("packet " << i);
      REQUIRE(response.size() <= 1232);
      REQUIRE(parse_message(response).has_value());
    }
  }
}
