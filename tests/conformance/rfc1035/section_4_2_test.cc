// SPDX-License-Identifier: Apache-2.0
// RFC 1035 §4.2: 512 octets over UDP (§4.2.1), 65,535 over TCP (§4.2.2).
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

// An RRset of `count` TXT records of `size` octets of text.
std::string texts(int count, std::size_t size) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    out += (i == 0 ? "" : ", ") + (R"("\")" + number + std::string(size - number.size(), 'x') + R"(\"")");
  }
  return out;
}

}  // namespace

TEST_CASE("RFC 1035 §4.2.1: without EDNS no more than 512 octets, TC when that is too little") {
  World w({zone("s.test", R"("big": {"TXT": [)" + texts(3, 200) + R"(]}, "www": {"pool": "web"})")});
  const auto m = w.ask("big.s.test.", type::kTxt, {}, kUdp);
  CHECK(m.tc);
  CHECK(m.size <= 512);
  CHECK_FALSE(w.ask("www.s.test.", type::kA).tc);
}

TEST_CASE("RFC 1035 §4.2.2: an RRset of nearly 64 KB is told over TCP") {
  World w({zone("s.test", R"("big": {"TXT": [)" + texts(240, 250) + R"(]})")});
  const auto m = w.ask("big.s.test.", type::kTxt, {}, kTcp);
  CHECK_FALSE(m.tc);
  CHECK(m.answer.size() == 240);
  CHECK(m.size == 12 + 16 + 240 * (12 + 251));
  CHECK(w.ask("big.s.test.", type::kTxt, {.edns = true, .udp_payload = 65535}, kUdp).tc);
}

TEST_CASE("RFC 1035 §4.2.2: EDNS payload sizes mean nothing over TCP") {
  World w({zone("s.test", R"("big": {"TXT": [)" + texts(30, 200) + R"(]})")});
  const auto m = w.ask("big.s.test.", type::kTxt, {.edns = true, .udp_payload = 512}, kTcp);
  CHECK_FALSE(m.tc);
  CHECK(m.answer.size() == 30);
}

}  // namespace gslbd::test
