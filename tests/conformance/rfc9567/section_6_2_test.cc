// SPDX-License-Identifier: Apache-2.0
// RFC 9567 §6.2: the Report-Channel option tells the agent domain, unasked; §8.1: never for the agent's own
// domain.
#include <algorithm>

#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

constexpr std::uint16_t kReportChannel = 18;

World world(const std::string& agent) {
  auto policy = std::make_shared<server::AnswerPolicy>();
  if (!agent.empty()) policy->report_agent = wire_name(agent);
  return World({zone("r.test", R"("www": {"pool": "web"}, "cut": {"NS": "ns.x.test."})"),
                zone("agent.test", R"("*._er.reports": {"TXT": "\"thanks\""}, "www": {"pool": "web"})")},
               web_pool(), policy);
}

std::size_t channels(const Message& m) {
  return static_cast<std::size_t>(std::count_if(m.options.begin(), m.options.end(),
                                                [](const auto& o) { return o.code == kReportChannel; }));
}

}  // namespace

TEST_CASE("RFC 9567 §6.2: every answer from a zone of ours to a query with EDNS has it, once") {
  auto w = world("reports.agent.test.");
  for (const char* name : {"www.r.test.", "r.test.", "nothing.r.test.", "x.cut.r.test."}) {
    const auto m = w.ask(name, type::kA, {.edns = true});
    CHECK(channels(m) == 1);
    REQUIRE(m.option(kReportChannel) != nullptr);
    CHECK(m.option(kReportChannel)->data == wire_name("reports.agent.test."));
  }
}

TEST_CASE(
    "RFC 9567 §5: without EDNS, without an agent domain, and for names that are not ours, there is none") {
  auto w = world("reports.agent.test.");
  CHECK_FALSE(w.ask("www.r.test.", type::kA).edns);
  CHECK(channels(w.ask("elsewhere.test.", type::kA, {.edns = true})) == 0);
  auto silent = world("");
  CHECK(silent.ask("www.r.test.", type::kA, {.edns = true}).options.empty());
}

TEST_CASE("RFC 9567 §6.2: a query that has the option is answered like any other") {
  auto w = world("reports.agent.test.");
  const auto m = w.ask("www.r.test.", type::kA, {.options = {{kReportChannel, wire_name("evil.test.")}}});
  CHECK(m.rcode == rcode::kNoError);
  CHECK(channels(m) == 1);
  CHECK(m.option(kReportChannel)->data == wire_name("reports.agent.test."));
}

TEST_CASE("RFC 9567 §8.1: an answer from the zone that the agent domain lies in does not have it") {
  auto w = world("reports.agent.test.");
  for (const char* name : {"www.agent.test.", "nothing.agent.test.", "1.x._er.reports.agent.test."}) {
    CHECK(channels(w.ask(name, type::kTxt, {.edns = true})) == 0);
  }
}

TEST_CASE("RFC 9567 §6.3: a report is answered with the TXT record that the zone has for it") {
  auto w = world("reports.agent.test.");
  const auto m = w.ask("_er.1.broken.test.7._er.reports.agent.test.", type::kTxt, {.edns = true});
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.size() == 1);
}

TEST_CASE("RFC 9567: the option never causes truncation") {
  TestPool pool{"full", {}};
  for (int i = 0; i < 29; ++i) pool.addresses.push_back("192.0.2." + std::to_string(i));
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->report_agent = wire_name("reports.agent.test.");
  const std::string label(512 - 11 - 29 * 16 - 12 - 4 - 1 - 8, 'f');
  World w({zone("r.test", "\"" + label + R"(": {"pool": "full"})")}, {pool}, policy);
  const auto m = w.ask(label + ".r.test.", type::kA, {.edns = true, .udp_payload = 512}, kUdp);
  CHECK_FALSE(m.tc);
  CHECK(m.answer.size() == 29);
}

}  // namespace gslbd::test
