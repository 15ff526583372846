// SPDX-License-Identifier: Apache-2.0
// RFC 9471 §3: glue is part of a referral: in-domain glue must fit or TC is set (§3.1), sibling glue is added
// as far as it fits (§3.2).
#include <algorithm>

#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr int kServers = 10;

std::string server_name(int i) {
  return "ns" + std::to_string(i) + std::string(20, 'x');
}

// A cut `in` whose ten servers lie below it, a cut `sib` whose servers lie below `in`, a cut `out` with
// servers elsewhere, `near` with servers in the parent zone itself.
World world() {
  std::string in, sib, glue;
  for (int i = 0; i < kServers; ++i) {
    const auto name = server_name(i) + ".in";
    in += (i == 0 ? "\"" : ", \"") + name + "\"";
    sib += (i == 0 ? "\"" : ", \"") + name + "\"";
    glue += ", \"" + name + R"(": {"A": "192.0.2.)" + std::to_string(i) + R"(", "AAAA": "2001:db8::)" +
            std::to_string(i + 1) + "\"}";
  }
  return World({zone("p.test", R"("in": {"NS": [)" + in + R"(]}, "sib": {"NS": [)" + sib +
                                   R"(]}, "small": {"NS": "ns.small"}, "ns.small": {"A": "192.0.2.99"},
      "mixed": {"NS": ["ns.mixed", ")" +
                                   server_name(0) + R"(.in"]}, "ns.mixed": {"AAAA": "2001:db8::99"},
      "out": {"NS": ["ns.elsewhere.test.", "ns2.elsewhere.test."]}, "near": {"NS": ["www", "ns1"]},
      "bare": {"NS": "ns.bare"}, "ours": {"NS": "www.q.test."},
      "www": {"pool": "web"})" + glue),
                zone("q.test", R"("www": {"pool": "web"})")});
}

std::size_t servers(const Message& m) {
  return m.authority.size();
}

}  // namespace

TEST_CASE("RFC 9471 §3.1: all in-domain glue comes with the referral") {
  auto w = world();
  const auto m = w.ask("www.small.p.test.", type::kA);
  CHECK_FALSE(m.aa);
  CHECK(m.authority == Lines{"small.p.test. 300 IN NS ns.small.p.test."});
  CHECK(m.additional == Lines{"ns.small.p.test. 300 IN A 192.0.2.99"});
  const auto large = w.ask("www.in.p.test.", type::kA, {}, kTcp);
  CHECK(servers(large) == kServers);
  CHECK(large.additional.size() == 2 * kServers);
  CHECK_FALSE(large.tc);
}

TEST_CASE("RFC 9471 §3.1: in-domain glue that does not fit sets TC") {
  auto w = world();
  const auto small = w.ask("www.in.p.test.", type::kA, {}, kUdp);
  CHECK(small.tc);
  CHECK(small.size <= 512);
  const auto large = w.ask("www.in.p.test.", type::kA, {.edns = true, .udp_payload = 1232}, kUdp);
  CHECK_FALSE(large.tc);
  CHECK(large.additional.size() == 2 * kServers);
}

TEST_CASE("RFC 9471 §3.2: sibling glue is added, and what does not fit is left out without TC") {
  auto w = world();
  const auto udp = w.ask("www.sib.p.test.", type::kA, {}, kUdp);
  CHECK_FALSE(udp.tc);
  CHECK(servers(udp) == kServers);
  CHECK(udp.additional.size() < 2 * kServers);
  CHECK(udp.size <= 512);
  const auto tcp = w.ask("www.sib.p.test.", type::kA, {}, kTcp);
  CHECK(tcp.additional.size() == 2 * kServers);
}

TEST_CASE("RFC 9471 §2.1, §2.2: in-domain and sibling glue together") {
  auto w = world();
  const auto m = w.ask("www.mixed.p.test.", type::kA);
  CHECK(m.additional == Lines{"ns.mixed.p.test. 300 IN AAAA 2001:db8::99",
                              server_name(0) + ".in.p.test. 300 IN A 192.0.2.0",
                              server_name(0) + ".in.p.test. 300 IN AAAA 2001:db8::1"});
}

TEST_CASE("RFC 9471 §3.2: where room is short, in-domain glue goes first") {
  std::string ns, glue;
  for (int i = 0; i < kServers; ++i) {
    ns += "\"" + server_name(i) + ".aa\", ";
    glue += ", \"" + server_name(i) + R"(.aa": {"A": "192.0.2.)" + std::to_string(i) + "\"}";
  }
  World w(
      {zone("p.test", R"("aa": {"NS": "ns.x.test."}, "zz": {"NS": [)" + ns +
                          R"("zzns.zz"]}, "zzns.zz": {"A": "192.0.2.99", "AAAA": "2001:db8::99"})" + glue)});
  const auto m = w.ask("x.zz.p.test.", type::kA, {}, kUdp);
  CHECK_FALSE(m.tc);
  CHECK(m.size <= 512);
  CHECK(servers(m) == kServers + 1);
  for (const char* line :
       {"zzns.zz.p.test. 300 IN A 192.0.2.99", "zzns.zz.p.test. 300 IN AAAA 2001:db8::99"}) {
    CHECK(std::count(m.additional.begin(), m.additional.end(), line) == 1);
  }
}

TEST_CASE("RFC 9471 §2.3: glue for siblings that depend on each other") {
  World w({zone("test", R"("bar": {"NS": ["ns1.foo", "ns2.foo"]}, "ns1.bar": {"A": "192.0.2.1"},
      "ns2.bar": {"AAAA": "2001:db8::2:2"}, "foo": {"NS": ["ns1.bar", "ns2.bar"]}, "ns1.foo": {"A": "192.0.2.3"},
      "ns2.foo": {"AAAA": "2001:db8::2:4"})")});
  CHECK(w.ask("www.bar.test.", type::kA).additional ==
        Lines{"ns1.foo.test. 300 IN A 192.0.2.3", "ns2.foo.test. 300 IN AAAA 2001:db8::2:4"});
  CHECK(w.ask("www.foo.test.", type::kA).additional ==
        Lines{"ns1.bar.test. 300 IN A 192.0.2.1", "ns2.bar.test. 300 IN AAAA 2001:db8::2:2"});
}

TEST_CASE("RFC 9471 §2.4: servers without glue: the referral has none") {
  auto w = world();
  for (const char* name : {"x.out.p.test.", "x.bare.p.test."}) {
    const auto m = w.ask(name, type::kA);
    CHECK_FALSE(m.tc);
    CHECK_FALSE(m.authority.empty());
    CHECK(m.additional.empty());
  }
}

TEST_CASE("RFC 9471: servers of a cut that are names of ours, pools among them, bring their addresses") {
  auto w = world();
  for (const auto& [name, owner] :
       {std::pair{"x.near.p.test.", "www.p.test."}, std::pair{"x.ours.p.test.", "www.q.test."}}) {
    const auto m = w.ask(name, type::kA);
    CHECK_FALSE(m.tc);
    for (const auto& line : web_a(owner)) {
      INFO(line);
      CHECK(std::count(m.additional.begin(), m.additional.end(), line) == 1);
    }
  }
}

TEST_CASE(
    "RFC 9471 §3.1: glue is no additional data: it comes where the operator wants no additional section") {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->additional = false;
  World w(
      {zone("p.test", R"("small": {"NS": "ns.small"}, "ns.small": {"A": "192.0.2.99"}, "m": {"MX": "10 www"},
                             "www": {"pool": "web"})")},
      web_pool(), policy);
  CHECK(w.ask("x.small.p.test.", type::kA).additional == Lines{"ns.small.p.test. 300 IN A 192.0.2.99"});
  CHECK(w.ask("m.p.test.", type::kMx).additional.empty());
}

}  // namespace gslbd::test
