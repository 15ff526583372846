// SPDX-License-Identifier: Apache-2.0
// RFC 9715 §3.1: responders avoid IP fragmentation over UDP: by the size of what they send.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World world() {
  TestPool many{"many", {}};
  for (int i = 0; i < 100; ++i) many.addresses.push_back("192.0.2." + std::to_string(i));
  return World({zone("f.test", R"("www": {"pool": "many"}, "mx": {"MX": ["10 www", "20 ns1"]},
                                  "sub": {"NS": ["ns.sub", "www"]}, "ns.sub": {"A": "192.0.2.53"})")},
               {many});
}

}  // namespace

TEST_CASE("RFC 9715 §3.1 R3: nothing over UDP is larger than 1,400 octets, whatever the asker takes") {
  auto w = world();
  for (const char* name : {"www.f.test.", "mx.f.test.", "x.sub.f.test.", "f.test.", "nothing.f.test."}) {
    for (const std::uint16_t qtype : Numbers{1, 2, 15, 255}) {
      const auto m = w.ask(name, qtype, {.edns = true, .udp_payload = 65535}, kUdp);
      CHECK(m.size <= 1232);
      CHECK(m.udp_payload <= 1400);
    }
  }
}

TEST_CASE("RFC 9715 §3.1: what does not fit is truncated, and whole over TCP") {
  auto w = world();
  CHECK(w.ask("www.f.test.", type::kA, {.edns = true, .udp_payload = 65535}, kUdp).tc);
  CHECK(w.ask("www.f.test.", type::kA, {.edns = true}, kTcp).answer.size() == 100);
}

TEST_CASE("RFC 9715 §4 R10: responses are minimal: no authority section beside an answer") {
  auto w = world();
  CHECK(w.ask("ns1.f.test.", type::kA).authority.empty());
  CHECK(w.ask("www.f.test.", type::kA, {}, kTcp).authority.empty());
  CHECK(w.ask("www.f.test.", type::kA, {}, kTcp).additional.empty());
}

}  // namespace gslbd::test
