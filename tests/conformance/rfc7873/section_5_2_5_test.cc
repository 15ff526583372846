// SPDX-License-Identifier: Apache-2.0
// RFC 7873 §5.2.5: who has a valid server cookie has proved its address, and no rate limits it. §5.2.3: who
// has none may be told BADCOOKIE, and come again with the cookie that this brings.
#include "server/answer/policy.h"
#include "tests/conformance/packet.h"

namespace gslbd::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kCookie = 10;
const Octets kClient{0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};

// One answer a second for each prefix; what is over that is truncated.
Authority authority() {
  server::RateLimitSettings limits;
  limits.all_per_second = 1;
  limits.table_size = 1024;
  auto policy = std::make_shared<server::AnswerPolicy>();
  policy->cookies = *server::CookieSecrets::parse("e5e973e5a6b2a43f48e7dc849e37bfcf\n", "secret");
  policy->rate_limiter = std::make_shared<server::RateLimiter>(limits, 1);
  return Authority({zone("k.test", R"("www": {"A": "192.0.2.1"})")}, {}, policy);
}

Message ask(Authority& a, const Octets& cookie, server::Transport transport = kUdp) {
  QueryOptions options;
  if (!cookie.empty()) options.options = {{kCookie, cookie}};
  return a.ask("www.k.test.", type::kA, options, transport);
}

// Uses up what the limit allows.
void exhaust(Authority& a) {
  CHECK(ask(a, {}).answer.size() == 1);
  CHECK(ask(a, {}).tc);
}

}  // namespace

TEST_CASE("RFC 7873 §5.2.1: over the limit and without a cookie, an asker is sent to TCP") {
  auto a = authority();
  exhaust(a);
  const auto m = ask(a, {});
  CHECK(m.tc);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.empty());
  CHECK(m.authority.empty());
  for (int i = 0; i < 20; ++i) CHECK(ask(a, {}, kTcp).answer.size() == 1);
}

TEST_CASE("RFC 7873 §5.2.3: over the limit, a client cookie alone brings BADCOOKIE and a server cookie") {
  auto a = authority();
  exhaust(a);
  const auto m = ask(a, kClient);
  CHECK(m.rcode == rcode::kBadCookie);
  CHECK_FALSE(m.tc);
  CHECK(m.answer.empty());
  REQUIRE(m.option(kCookie) != nullptr);
  const auto again = ask(a, m.option(kCookie)->data);
  CHECK(again.rcode == rcode::kNoError);
  CHECK(again.answer.size() == 1);
}

TEST_CASE("RFC 7873 §5.2.4: over the limit, a server cookie that is not ours is no better than none") {
  auto a = authority();
  exhaust(a);
  CHECK(ask(a, kClient + Octets(16, 0x5a)).rcode == rcode::kBadCookie);
}

TEST_CASE("RFC 7873 §5.2.5: a valid server cookie lifts the limit, also when it is due for renewal") {
  auto a = authority();
  const auto first = ask(a, kClient);
  REQUIRE(first.option(kCookie) != nullptr);
  const Octets cookie = first.option(kCookie)->data;
  for (const Duration later : {Duration(2s), Duration(40min)}) {
    a.clock().advance(later);
    exhaust(a);
    for (int i = 0; i < 20; ++i) {
      const auto m = ask(a, cookie);
      CHECK(m.rcode == rcode::kNoError);
      CHECK(m.answer.size() == 1);
    }
  }
}

TEST_CASE("RFC 7873 §5.2.5: what a valid cookie lets through uses up nobody's allowance") {
  auto a = authority();
  const auto first = ask(a, kClient);
  REQUIRE(first.option(kCookie) != nullptr);
  const Octets cookie = first.option(kCookie)->data;
  a.clock().advance(1s);
  for (int i = 0; i < 20; ++i) CHECK(ask(a, cookie).answer.size() == 1);
  CHECK(ask(a, {}).answer.size() == 1);
}

TEST_CASE("RFC 7873 §5.2.5: a stolen cookie does not help another address") {
  auto a = authority();
  const auto first = ask(a, kClient);
  REQUIRE(first.option(kCookie) != nullptr);
  const Octets cookie = first.option(kCookie)->data;
  server::Asker other;
  other.address = *Address::parse("198.51.100.77");
  const auto query = make_query("www.k.test.", type::kA, {.options = {{kCookie, cookie}}});
  CHECK(parse_message(a.raw(query, other)).value().rcode == rcode::kNoError);  // its own first answer
  CHECK(parse_message(a.raw(query, other)).value().rcode == rcode::kBadCookie);
}

}  // namespace gslbd::test
