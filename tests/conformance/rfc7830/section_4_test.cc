// SPDX-License-Identifier: Apache-2.0
// RFC 7830: padding: the option (§3), when a responder pads (§4), and never in the clear (§6). How much: RFC
// 8467 §4.1.
#include <algorithm>

#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kPadding = 12;
constexpr std::size_t kBlock = 468;  // RFC 8467 §4.1

World world() {
  return World({zone("p.test", R"("www": {"pool": "web"}, "big": {"TXT": [")" + std::string(250, 'a') +
                                   R"(", ")" + std::string(250, 'b') + R"("]})")});
}

server::Asker encrypted() {
  server::Asker asker;
  asker.transport = kTcp;
  asker.encrypted = true;
  return asker;
}

}  // namespace

TEST_CASE("RFC 7830 §6: in the clear nothing is padded, over UDP or TCP, and the option is ignored") {
  auto w = world();
  for (const std::size_t size : {0U, 1U, 100U, 400U}) {
    const auto m = w.ask("www.p.test.", type::kA, {.options = {{kPadding, Octets(size, 0)}}});
    CHECK(m.rcode == rcode::kNoError);
    CHECK(m.options.empty());
    CHECK(m.answer == web_a("www.p.test."));
  }
}

TEST_CASE("RFC 7830 §4: where the transport is encrypted, who pads is answered with padding") {
  auto w = world();
  for (const char* name : {"www.p.test.", "nothing.p.test.", "elsewhere.test.", "big.p.test."}) {
    const auto m = w.send(make_query(name, 16, {.options = {{kPadding, {0, 0, 0}}}}), encrypted());
    REQUIRE(m.has_value());
    REQUIRE(m->option(kPadding) != nullptr);
    CHECK(m->size % kBlock == 0);
    const Octets& data = m->option(kPadding)->data;
    CHECK(std::all_of(data.begin(), data.end(), [](std::uint8_t o) { return o == 0; }));  // §3
  }
}

TEST_CASE("RFC 7830 §4: who does not pad, and who has no EDNS, gets none") {
  auto w = world();
  CHECK(w.send(make_query("www.p.test.", 1, {.edns = true}), encrypted()).value().option(kPadding) ==
        nullptr);
  CHECK_FALSE(w.send(make_query("www.p.test.", 1), encrypted()).value().edns);
}

}  // namespace gslbd::test
