// SPDX-License-Identifier: Apache-2.0
// Rate limits as an asker meets them: which answers count together, and what a limited one looks like.
#include <string>

#include "server/answer/policy.h"
#include "tests/server/answer/fixture.h"
#include "tests/support/catch.h"
#include "zones/rr_type.h"

namespace gslbd::test {
namespace {

using namespace std::chrono_literals;
namespace type = gslbd::zones::type;

constexpr const char* kZones[] = {
    R"({"zone": "a.test", "records": {"@": {"NS": "ns1"}, "ns1": {"A": "192.0.2.1"}, "www": {"A": "192.0.2.2"},
        "pool": {"pool": "web"}, "*.wild": {"A": "192.0.2.3"}, "*.pools": {"pool": "web"},
        "*.alias": {"CNAME": "www"}, "moved": {"DNAME": "b.test."}, "sub": {"NS": "ns.sub"},
        "ns.sub": {"A": "192.0.2.4"}}})",
    R"({"zone": "b.test", "records": {"@": {"NS": "ns1.a.test."}, "www": {"A": "192.0.2.5"}}})"};

Authority authority(const server::RateLimitSettings& limits) {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->rate_limiter = std::make_shared<server::RateLimiter>(limits, 1);
  return Authority({kZones[0], kZones[1]}, {{"web", {"192.0.2.10", "2001:db8::10"}}}, policy);
}

server::RateLimitSettings one_a_second() {
  server::RateLimitSettings limits;
  limits.per_second[0] = 1;
  limits.table_size = 1024;
  return limits;
}

// Whether the asker got an answer in full.
bool answers(Authority& a, const std::string& name, std::uint16_t qtype = type::kA) {
  const auto m = a.ask(name, qtype);
  return !m.tc;
}

}  // namespace

TEST_CASE("what is over the limit comes truncated, with the question and nothing else") {
  auto a = authority(one_a_second());
  CHECK(answers(a, "www.a.test."));
  const auto m = a.ask("WWW.a.test.", type::kA, {.edns = true});
  CHECK(m.tc);
  CHECK(m.qname == "WWW.a.test.");
  CHECK(m.edns);
  CHECK(m.answer.empty());
  CHECK(m.authority.empty());
  CHECK(m.additional.empty());
  a.clock().advance(1s);
  CHECK(answers(a, "www.a.test."));
}

// Who has it sent to somebody else has no gain from it.
TEST_CASE("a limited answer has no option but the cookie, and an error is not sent at all") {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->rate_limiter = std::make_shared<server::RateLimiter>(one_a_second(), 1);
  policy->nsid.assign(server::AnswerPolicy::kMaxNsid, 'n');
  policy->report_agent = {5, 'a', 'g', 'e', 'n', 't', 0};
  Authority a({kZones[0], kZones[1]}, {{"web", {"192.0.2.10"}}}, policy);
  const QueryOptions everything{.edns = true, .options = {{3, {}}, {19, {}}}};
  CHECK(a.ask("www.a.test.", type::kA, everything).options.size() == 3);
  const auto limited = a.ask("www.a.test.", type::kA, everything);
  CHECK(limited.tc);
  CHECK(limited.options.empty());
  CHECK(limited.size == make_query("www.a.test.", type::kA, {.edns = true}).size());
  CHECK(a.responder().counters().truncated.value() == 1);
  CHECK(a.ask("elsewhere.", type::kA).rcode == 5);
  CHECK(a.raw(make_query("elsewhere.", type::kA)).empty());
}

TEST_CASE("who speaks cookies is sent one instead of a limited error") {
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->rate_limiter = std::make_shared<server::RateLimiter>(one_a_second(), 1);
  policy->cookies = server::CookieSecrets::random();
  Authority a({kZones[0], kZones[1]}, {{"web", {"192.0.2.10"}}}, policy);
  const QueryOptions cookie{.edns = true, .options = {{10, {1, 2, 3, 4, 5, 6, 7, 8}}}};
  CHECK(a.ask("elsewhere.", type::kA, cookie).rcode == 5);
  const auto limited = a.ask("elsewhere.", type::kA, cookie);
  CHECK(limited.rcode == 23);
  REQUIRE(limited.options.size() == 1);
  CHECK(a.ask("elsewhere.", type::kA, {.edns = true, .options = {limited.options[0]}}).rcode == 5);
}

TEST_CASE("answers count by name, whatever its case") {
  auto a = authority(one_a_second());
  CHECK(answers(a, "www.a.test."));
  CHECK_FALSE(answers(a, "wWw.A.tesT."));
  CHECK(answers(a, "ns1.a.test."));
  CHECK(answers(a, "www.b.test."));
  CHECK(answers(a, "pool.a.test."));
  CHECK_FALSE(answers(a, "pool.a.test."));
}

TEST_CASE("NXDOMAIN counts by zone") {
  auto a = authority(one_a_second());
  CHECK(answers(a, "x1.a.test."));
  CHECK_FALSE(answers(a, "x2.a.test."));
  CHECK(answers(a, "x1.b.test."));
  CHECK(answers(a, "www.a.test."));
}

TEST_CASE("NODATA counts by zone") {
  auto a = authority(one_a_second());
  CHECK(answers(a, "www.a.test.", type::kTxt));
  CHECK_FALSE(answers(a, "ns1.a.test.", type::kMx));
  CHECK(answers(a, "www.b.test.", type::kTxt));
  CHECK(answers(a, "x.a.test."));
}

TEST_CASE("referrals count by zone") {
  auto a = authority(one_a_second());
  CHECK(answers(a, "x1.sub.a.test."));
  CHECK_FALSE(answers(a, "x2.sub.a.test."));
  CHECK(answers(a, "www.a.test."));
}

TEST_CASE("a limit that drops sends nothing, but over TCP everything") {
  auto limits = one_a_second();
  limits.slip = 0;
  auto a = authority(limits);
  CHECK(answers(a, "www.a.test."));
  const auto query = make_query("www.a.test.", type::kA);
  CHECK(a.raw(query).empty());
  for (int i = 0; i < 20; ++i) {
    CHECK(a.ask("www.a.test.", type::kA, {}, server::Transport::tcp).answer.size() == 1);
  }
}

TEST_CASE("a limit that only counts changes no answer") {
  auto limits = one_a_second();
  limits.log_only = true;
  auto a = authority(limits);
  for (int i = 0; i < 20; ++i) CHECK(answers(a, "www.a.test."));
  const auto& responses = a.responder().counters().rate_limit.responses;
  CHECK(responses[0][static_cast<std::size_t>(server::RateOutcome::truncated)].value() == 19);
}

// The names below these owners are the asker's to invent: each would have an allowance of its own.
TEST_CASE("answers from a wildcard or a DNAME count by its owner") {
  auto a = authority(one_a_second());
  for (const char* below : {"wild.a.test.", "pools.a.test.", "alias.a.test."}) {
    INFO(below);
    CHECK(answers(a, std::string("x1.") + below));
    CHECK_FALSE(answers(a, std::string("x2.") + below));
    CHECK_FALSE(answers(a, std::string("y.x3.") + below));
  }
  CHECK(answers(a, "www.moved.a.test."));
  CHECK_FALSE(answers(a, "www.www.moved.a.test.", type::kCname));
}

}  // namespace gslbd::test
