// SPDX-License-Identifier: Apache-2.0
// RFC 6891 §6.2.3 to §6.2.6: payload sizes; §7: the OPT in responses that say no, and in truncated ones.
#include <algorithm>

#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

std::string texts(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ", ") + (R"("\"text-)" + std::to_string(100 + i) + std::string(91, 'x') + R"(\"")");
  }
  return out;
}

// Sets of 4, 9, 11, 14 and 60 texts, each record 112 octets.
World world(std::shared_ptr<const server::AnswerPolicy> policy = nullptr) {
  std::string records;
  for (const int n : {4, 9, 11, 14, 60}) {
    const auto name = "t" + std::to_string(n);
    records += (records.empty() ? "\"" : ", \"") + name + R"(": {"TXT": [)" + texts(n) + "]}";
  }
  return World({zone("e.test", records)}, {}, std::move(policy));
}

std::shared_ptr<server::AnswerPolicy> payload(std::uint16_t size) {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->udp_payload = size;
  return policy;
}

}  // namespace

TEST_CASE("RFC 6891 §6.2.3: a response is no larger than the asker takes") {
  auto w = world(payload(4096));
  for (const char* name : {"t4.e.test.", "t9.e.test.", "t11.e.test.", "t14.e.test.", "t60.e.test."}) {
    for (const std::uint16_t size : Numbers{512, 600, 1024, 1232, 1400, 1500, 4096, 65535}) {
      INFO(name << " " << size);
      const auto m = w.ask(name, type::kTxt, {.edns = true, .udp_payload = size}, kUdp);
      CHECK(m.size <= size);
      const auto whole = w.ask(name, type::kTxt, {.edns = true, .udp_payload = size}, kTcp);
      CHECK_FALSE(whole.tc);
      CHECK(m.tc == (whole.size > std::min<std::size_t>(size, 4096)));
    }
  }
}

TEST_CASE("RFC 6891 §6.2.3: sizes below 512 mean 512") {
  auto w = world();
  for (const std::uint16_t size : Numbers{0, 1, 12, 100, 511, 512}) {
    INFO(size);
    const auto m = w.ask("t4.e.test.", type::kTxt, {.edns = true, .udp_payload = size}, kUdp);
    CHECK_FALSE(m.tc);
    CHECK(m.answer.size() == 4);
  }
}

TEST_CASE("RFC 6891 §6.2.4, §6.2.5: no larger than the operator allows, which the response tells") {
  for (const std::uint16_t size : Numbers{512, 1232, 1400, 4096}) {
    auto w = world(payload(size));
    const auto m = w.ask("t60.e.test.", type::kTxt, {.edns = true, .udp_payload = 65535}, kUdp);
    CHECK(m.tc);
    CHECK(m.size <= size);
    CHECK(m.udp_payload == size);
    CHECK(w.ask("t4.e.test.", type::kTxt, {.edns = true}, kTcp).udp_payload == size);
  }
}

TEST_CASE("RFC 6891 §6.2.5: the default is 1232") {
  auto w = world();
  CHECK(w.ask("t4.e.test.", type::kTxt, {.edns = true}).udp_payload == 1232);
  CHECK_FALSE(w.ask("t9.e.test.", type::kTxt, {.edns = true, .udp_payload = 4096}, kUdp).tc);
  CHECK(w.ask("t11.e.test.", type::kTxt, {.edns = true, .udp_payload = 4096}, kUdp).tc);
}

TEST_CASE("RFC 6891 §6.2.3: every option at once, behind the longest name, stays within 512 octets") {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->nsid = Octets(server::AnswerPolicy::kMaxNsid, 'n');
  policy->cookies = server::CookieSecrets::random();
  policy->report_agent = wire_name("agent.example.");
  auto w = world(policy);
  const std::string label(63, 'a');
  const auto longest = label + "." + label + "." + label + "." + std::string(54, 'b') + ".e.test.";
  const Octets subnet = Octets{0, 2, 128, 0} + Octets(16, 1);
  const std::vector<EdnsOption> all{{3, {}}, {8, subnet}, {10, Octets(8, 1)}, {11, {}}, {12, {0}}, {19, {}}};
  for (const auto& [name, wanted] :
       {std::pair{longest, rcode::kNxDomain}, std::pair{std::string("t4.e.test."), 0}}) {
    const auto m = w.ask(name, type::kTxt, {.udp_payload = 512, .options = all}, kUdp);
    CHECK(m.size <= 512);
    CHECK((m.tc || m.rcode == wanted));
    for (const std::uint16_t code : Numbers{3, 8, 10, 19}) CHECK(m.option(code) != nullptr);
    (void)take_apart(m.wire);
  }
}

TEST_CASE("RFC 6891 §7: a truncated response keeps its question and its OPT") {
  auto w = world();
  const auto m = w.ask("t60.e.test.", type::kTxt, {.edns = true, .dnssec_ok = true}, kUdp);
  CHECK(m.tc);
  CHECK(m.edns);
  CHECK(m.dnssec_ok);
  CHECK(m.question_count == 1);
  CHECK(m.answer.empty());
  (void)take_apart(m.wire);
}

TEST_CASE("RFC 6891 §7: a malformed option is answered with FORMERR, and an OPT") {
  auto w = world();
  const auto overrun = w.send(Packet().question("t4.e.test.", 16).opt({0, 100, 0, 9}));
  REQUIRE(overrun.has_value());
  CHECK(overrun->rcode == rcode::kFormErr);
  CHECK(overrun->edns);
}

TEST_CASE("RFC 6891 §6.1.1: a malformed message that holds an OPT is answered with FORMERR, and an OPT") {
  auto w = world();
  const auto two = w.send(Packet().question("t4.e.test.", 16).question("t4.e.test.", 16).opt());
  REQUIRE(two.has_value());
  CHECK(two->rcode == rcode::kFormErr);
  CHECK(two->edns);
  const auto none = w.send(Packet().opt());
  REQUIRE(none.has_value());
  CHECK(none->edns);
}

}  // namespace gslbd::test
