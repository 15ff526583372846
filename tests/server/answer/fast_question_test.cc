// SPDX-License-Identifier: Apache-2.0
// FastQuestion against parse_query(): where the quick reader says yes, it has read what the other one reads.
#include "server/answer/fast_question.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "core/random.h"
#include "tests/fuzz/query_mutator.h"
#include "tests/fuzz/responder_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/ldns_message.h"

using namespace gslbd;
using namespace gslbd::test;
using server::FastQuestion;

namespace {

using Packet = std::vector<std::uint8_t>;

constexpr std::array<std::uint16_t, 13> kPlainTypes = {1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 52, 64, 65};
constexpr std::array<std::uint16_t, 13> kOtherTypes = {0,   41,  43,  128, 249, 250,  251,
                                                       252, 253, 254, 255, 256, 65280};

// Kept as long as the question is looked at: its options stay where they are.
Packet& laid_out(const Packet& packet) {
  static Packet memory;
  memory = Packet(packet.size() + server::kReadAhead, 0x41);
  std::copy(packet.begin(), packet.end(), memory.begin());
  return memory;
}
bool read(FastQuestion& question, const Packet& packet) {
  return question.read(std::span(laid_out(packet)).first(packet.size()));
}

void check_same_options(const FastQuestion& quick, const server::Query& query) {
  server::EdnsQuery options;
  const bool good = server::read_options(quick.options, options);
  REQUIRE(query.rcode == (good ? server::Rcode::noerror : server::Rcode::formerr));
  if (!good) return;
  REQUIRE(options.nsid == query.edns.nsid);
  REQUIRE(options.keepalive == query.edns.keepalive);
  REQUIRE(options.padding == query.edns.padding);
  REQUIRE(options.zone_version == query.edns.zone_version);
  REQUIRE(options.cookie.has_value() == query.edns.cookie.has_value());
  if (options.cookie)
    REQUIRE(Packet(options.cookie->begin(), options.cookie->end()) ==
            Packet(query.edns.cookie->begin(), query.edns.cookie->end()));
  REQUIRE(Packet(options.client_subnet.begin(), options.client_subnet.end()) ==
          Packet(query.edns.client_subnet.begin(), query.edns.client_subnet.end()));
}

// True when the quick reader took it.
bool check_same(const Packet& packet) {
  static FastQuestion quick;
  static server::Query query;
  if (!read(quick, packet)) return false;
  const auto parsed = server::parse_query(packet, query);
  REQUIRE((parsed == server::Parsed::query || query.rcode == server::Rcode::formerr));
  REQUIRE(query.qclass == zones::kClassIn);
  REQUIRE(quick.qtype == query.qtype);
  REQUIRE(quick.size() == query.question.size());
  const auto a = quick.name.wire(), b = query.name.wire();
  REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  REQUIRE(quick.edns == query.edns.present);
  if (!quick.edns) {
    REQUIRE(query.rcode == server::Rcode::noerror);
    return true;
  }
  REQUIRE(quick.dnssec_ok == query.edns.dnssec_ok);
  REQUIRE(quick.udp_payload == query.edns.udp_payload);
  check_same_options(quick, query);
  return true;
}

}  // namespace

TEST_CASE("what resolvers send is read by the fast path") {
  for (const char* name : {".", "t.", "www.example.test.", "WWW.exAMPLE.test."}) {
    for (const std::uint16_t qtype : kPlainTypes) {
      INFO(name << " type " << qtype);
      CHECK(check_same(make_query(name, qtype)));
      CHECK(check_same(make_query(name, qtype, {.rd = true, .edns = true, .udp_payload = 4096})));
      CHECK(check_same(make_query(name, qtype, {.edns = true, .udp_payload = 100, .dnssec_ok = true})));
      CHECK(check_same(make_query(name, qtype, {.options = {{10, Packet(8, 1)}}})));
      CHECK(check_same(make_query(name, qtype, {.flags = 0x0030})));  // AD, CD
    }
  }
}

TEST_CASE("the fast path leaves what is not plain to the other one") {
  FastQuestion question;
  CHECK_FALSE(read(question, {}));
  for (const std::uint16_t qtype : kOtherTypes) {
    INFO("type " << qtype);
    CHECK_FALSE(read(question, make_query("e.test.", qtype)));
  }
  CHECK_FALSE(read(question, make_query("e.test.", 1, {.qclass = 3})));
  CHECK_FALSE(read(question, make_query("e.test.", 1, {.qclass = 255})));
  CHECK_FALSE(read(question, make_query("e.test.", 1, {.edns = true, .edns_version = 1})));
  CHECK_FALSE(read(question, make_query("e.test.", 1, {.flags = 0x8000})));
  CHECK_FALSE(read(question, make_query("e.test.", 1, {.flags = 0x2800})));
  const Packet whole = make_query("e.test.", 1, {.edns = true});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CHECK_FALSE(read(question, Packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))));
  }
}

TEST_CASE("any packet that the fast path reads is read alike by the other one") {
  Random random(1);
  fuzz::QueryMutator mutator(fuzz::fixture_names(), 1);
  int taken = 0;
  Packet packet;
  for (int i = 0; i < 40'000; ++i) {
    if (random.below(5) == 0) packet = make_query("www.E.test.", 1, {.edns = random.below(2) == 0});
    mutator.mutate(packet);
    Packet damaged = packet;
    if (random.below(2) == 0) {
      const auto at = random.below(static_cast<std::uint32_t>(damaged.size()));
      damaged[at] = static_cast<std::uint8_t>(random.below(4) == 0 ? random.next() : damaged[at] ^ 1);
    }
    if (check_same(damaged)) ++taken;
  }
  CHECK(taken > 4000);
}
