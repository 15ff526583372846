// SPDX-License-Identifier: Apache-2.0
// RFC 2181 §9: TC is set when, and only when, a response lacks what it needs; additional data left out for
// want of room is no reason.
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

std::string list(int count, const std::string& before, const std::string& after) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += (i == 0 ? "\"" : ", \"") + before + std::to_string(i) + after + "\"";
  }
  return out;
}

TestPool large_pool() {
  TestPool pool{"large", {}};
  for (int i = 0; i < 60; ++i) pool.addresses.push_back("192.0.2." + std::to_string(i));
  for (int i = 0; i < 60; ++i) pool.addresses.push_back("2001:db8::" + std::to_string(i));
  return pool;
}

}  // namespace

TEST_CASE("RFC 2181: an RRset that does not fit sets TC, and no part of it is sent") {
  World w({zone("t.test", R"("big": {"TXT": [)" + list(40, R"(\"text-)", std::string(30, 'x') + R"(\")") +
                              R"(]}, "www": {"pool": "large"})")},
          {large_pool()});
  for (const auto& [name, qtype, count] :
       {std::tuple{"big.t.test.", type::kTxt, 40U}, std::tuple{"www.t.test.", type::kA, 60U},
        std::tuple{"www.t.test.", type::kAaaa, 60U}}) {
    INFO(name << " " << qtype);
    const auto udp = w.ask(name, qtype, {}, kUdp);
    CHECK(udp.tc);
    CHECK(udp.rcode == rcode::kNoError);
    CHECK(udp.answer.empty());
    CHECK(udp.question_count == 1);
    CHECK(udp.size <= 512);
    const auto tcp = w.ask(name, qtype, {}, kTcp);
    CHECK_FALSE(tcp.tc);
    CHECK(tcp.answer.size() == count);
    CHECK(tcp.aa);
  }
}

TEST_CASE("RFC 2181: an RRset that just fits is sent, and one octet more is not") {
  // Header 12, question 8 + 4 octets of name, type, class; the record has 12 octets before its RDATA.
  constexpr std::size_t kAround = 12 + (8 + 4) + 12;
  const std::string txt(255, 'a');
  const auto world_with = [&](std::size_t last) {
    return World({zone("t.test", R"("@": {"NS": "ns1", "TXT": "\")" + txt + R"(\" \")" +
                                     std::string(last, 'b') + R"(\""})")});
  };
  const std::size_t exact = 512 - kAround - 256 - 1;
  auto fits = world_with(exact);
  const auto whole = fits.ask("t.test.", type::kTxt, {}, kUdp);
  CHECK(whole.size == 512);
  CHECK_FALSE(whole.tc);
  auto over = world_with(exact + 1);
  CHECK(over.ask("t.test.", type::kTxt, {}, kUdp).tc);
  CHECK(over.ask("t.test.", type::kTxt, {}, kTcp).size == 513);
}

TEST_CASE(
    "RFC 2181: additional data that does not fit is left out without TC, an RRset whole or not at all") {
  World w(
      {zone("t.test",
            R"("m": {"MX": ["10 web1", "20 web2"]}, "web1": {"pool": "large"}, "web2": {"pool": "few"})")},
      {large_pool(), {"few", {"192.0.2.201", "192.0.2.202"}}});
  const auto udp = w.ask("m.t.test.", type::kMx, {}, kUdp);
  CHECK_FALSE(udp.tc);
  CHECK(udp.answer.size() == 2);
  CHECK(udp.size <= 512);
  for (const auto& line : udp.additional) CHECK(line.substr(0, 5) == "web2.");
  const auto tcp = w.ask("m.t.test.", type::kMx, {}, kTcp);
  CHECK(tcp.additional.size() == 60 + 60 + 2);
}

TEST_CASE("RFC 2181: a negative answer whose SOA does not fit sets TC") {
  const std::string label(63, 'a');
  const std::string mname = label + "." + label + "." + label + ".x.test.";
  World w({R"({"zone": "t.test", "soa": {"mname": ")" + mname + R"(", "rname": ")" + mname +
           R"("}, "records": {"@": {"NS": "ns.x."}}})"});
  std::string longest;
  for (int i = 0; i < 3; ++i) longest += std::string(60, static_cast<char>('b' + i)) + ".";
  const auto udp = w.ask(longest + "t.test.", type::kA, {}, kUdp);
  CHECK(udp.tc);
  CHECK(udp.size <= 512);
  const auto tcp = w.ask(longest + "t.test.", type::kA, {}, kTcp);
  CHECK(tcp.rcode == rcode::kNxDomain);
  CHECK(tcp.authority.size() == 1);
}

TEST_CASE("RFC 2181: a chain that does not fit sets TC") {
  std::string records = R"("end": {"pool": "web"}, "c0": {"CNAME": "end"})";
  const std::string pad(55, 'p');
  for (int i = 1; i < 15; ++i) {
    const std::string target = i == 1 ? "c0" : pad + "-" + std::to_string(i - 1);
    records += ", \"" + pad + "-" + std::to_string(i) + R"(": {"CNAME": ")" + target + "\"}";
  }
  World w({zone("t.test", records)});
  const auto udp = w.ask(pad + "-14.t.test.", type::kA, {}, kUdp);
  CHECK(udp.tc);
  CHECK(udp.size <= 512);
  const auto tcp = w.ask(pad + "-14.t.test.", type::kA, {}, kTcp);
  CHECK_FALSE(tcp.tc);
  CHECK(tcp.answer.size() == 15 + 2);
}

}  // namespace gslbd::test
