// SPDX-License-Identifier: Apache-2.0
// What the rate limiter decides, one response after the other.
#include "tests/server/answer/rate_bench.h"
#include "tests/support/catch.h"

namespace gslbd::server {

using namespace std::chrono_literals;

TEST_CASE("a second's worth may come at once, then one an interval") {
  RateBench b(answers(5));
  CHECK(b.sequence(7) == "sssssdd");
  b.clock.advance(200ms - 1us);
  CHECK(b.sequence(1) == "d");
  b.clock.advance(1us);
  CHECK(b.sequence(2) == "sd");
  b.clock.advance(600ms);
  CHECK(b.sequence(4) == "sssd");
  b.clock.advance(1h);
  CHECK(b.sequence(6) == "sssssd");
}

TEST_CASE("over a long time, the rate is exact") {
  for (const std::uint32_t rate : {1U, 3U, 7U, 100U, 1000U}) {
    RateBench b(answers(rate));
    const auto step = Duration(1s) / (4 * rate);  // four times too fast
    std::uint32_t sent = 0;
    for (std::uint32_t i = 0; i < 4 * rate * 20; ++i) {
      if (b.ask("192.0.2.1") == RateAction::send) ++sent;
      b.clock.advance(step);
    }
    INFO("rate " << rate);
    CHECK(sent <= 21 * rate);  // the burst, and 20 seconds
    CHECK(sent >= 21 * rate - 1 - rate / 100);
  }
}

TEST_CASE("who stays at the rate is never limited") {
  for (const std::uint32_t rate : {1U, 5U, 50U, 1000U}) {
    RateBench b(answers(rate, 100ms));
    for (int i = 0; i < 5000; ++i) {
      b.clock.advance((Duration(1s) + Duration(rate * 64)) / rate);  // the interval, rounded up to a tick
      REQUIRE(b.ask("192.0.2.1") == RateAction::send);
    }
  }
}

TEST_CASE("the burst is so long's worth of the rate, and at least one") {
  CHECK(RateBench(answers(10, 500ms)).sequence(7) == "sssssdd");
  CHECK(RateBench(answers(2, 3s)).sequence(7) == "ssssssd");
  CHECK(RateBench(answers(1, 100ms)).sequence(3) == "sdd");
  RateBench fast(answers(RateLimitSettings::kMaxRate, 1s));
  for (int i = 0; i < 1'000'000; ++i) REQUIRE(fast.ask("192.0.2.1") == RateAction::send);
  CHECK(fast.ask("192.0.2.1") == RateAction::drop);
}

TEST_CASE("every n-th over the limit slips out truncated") {
  CHECK(RateBench(answers(1, 1s, 0)).sequence(7) == "sdddddd");
  CHECK(RateBench(answers(1, 1s, 1)).sequence(7) == "stttttt");
  CHECK(RateBench(answers(1, 1s, 2)).sequence(8) == "sdtdtdtd");
  CHECK(RateBench(answers(1, 1s, 3)).sequence(8) == "sddtddtd");
}

TEST_CASE("every n-th over the limit leaks out in full") {
  CHECK(RateBench(answers(1, 1s, 0, 3)).sequence(8) == "sddsddsd");
  CHECK(RateBench(answers(1, 1s, 1, 3)).sequence(8) == "sttsttst");
  CHECK(RateBench(answers(1, 1s, 2, 3)).sequence(14) == "sdtstdsdtstdsd");
  CHECK(RateBench(answers(1, 1s, 2, 4)).sequence(10) == "sdtdsdtdsd");
  const std::string once = RateBench(answers(1, 1s, 15, 14)).sequence(1 + 2 * 210);
  CHECK(once.substr(1, 210) == once.substr(211));
}

TEST_CASE("the sequence goes on where it was after responses within the limit") {
  RateBench b(answers(1, 1s, 3));
  CHECK(b.sequence(2) == "sd");
  b.clock.advance(1s);
  CHECK(b.sequence(3) == "sdt");
}

TEST_CASE("an IPv4 client shares its limit with its /24, an IPv6 client with its /56") {
  RateBench b(answers(1));
  CHECK(b.ask("192.0.2.1") == RateAction::send);
  CHECK(b.ask("192.0.2.255") == RateAction::drop);
  CHECK(b.ask("192.0.3.1") == RateAction::send);
  CHECK(b.ask("2001:db8:0:ff00::1") == RateAction::send);
  CHECK(b.ask("2001:db8:0:ffff:ffff::") == RateAction::drop);
  CHECK(b.ask("2001:db8:0:fe00::1") == RateAction::send);
}

TEST_CASE("prefix lengths are as configured") {
  RateLimitSettings s = answers(1);
  s.ipv4_prefix_length = 30;
  s.ipv6_prefix_length = 128;
  RateBench b(s);
  CHECK(b.ask("192.0.2.0") == RateAction::send);
  CHECK(b.ask("192.0.2.3") == RateAction::drop);
  CHECK(b.ask("192.0.2.4") == RateAction::send);
  CHECK(b.ask("2001:db8::") == RateAction::send);
  CHECK(b.ask("2001:db8::1") == RateAction::send);
  CHECK(b.ask("2001:db8::1") == RateAction::drop);
}

TEST_CASE("the families have accounts of their own") {
  RateLimitSettings s = answers(1);
  s.ipv4_prefix_length = 32;
  s.ipv6_prefix_length = 32;
  RateBench b(s);
  CHECK(b.ask("32.1.13.184") == RateAction::send);
  CHECK(b.ask("2001:db8::") == RateAction::send);  // the same four octets
  CHECK(b.ask("2001:db8::") == RateAction::drop);
}

TEST_CASE("classes and names have accounts of their own") {
  RateBench b(answers(1));
  for (std::size_t c = 0; c < kAnswerClassNames.size(); ++c) {
    CHECK(b.sequence(2, static_cast<AnswerClass>(c), 1) == "sd");
    CHECK(b.sequence(2, static_cast<AnswerClass>(c), 2) == "sd");
  }
}

TEST_CASE("each class has its rate") {
  RateLimitSettings s = answers(1);
  s.per_second = {1, 2, 3, 4, 0};
  RateBench b(s);
  CHECK(b.sequence(5, AnswerClass::answer) == "sdddd");
  CHECK(b.sequence(5, AnswerClass::nodata) == "ssddd");
  CHECK(b.sequence(5, AnswerClass::nxdomain) == "sssdd");
  CHECK(b.sequence(5, AnswerClass::referral) == "ssssd");
  CHECK(b.sequence(100, AnswerClass::error) == std::string(100, 's'));
}

TEST_CASE("a prefix has a limit over all names and classes") {
  RateLimitSettings s;
  s.all_per_second = 5;
  s.slip = 2;
  RateBench b(s);
  std::string got;
  for (std::uint64_t name = 0; name < 9; ++name) {
    got += b.sequence(1, static_cast<AnswerClass>(name % 5), name);
  }
  CHECK(got == "sssssdtdt");
  CHECK(b.ask("192.0.3.1") == RateAction::send);
}

TEST_CASE("a flood of one answer leaves the prefix its allowance for others") {
  RateLimitSettings s = answers(2);
  s.all_per_second = 10;
  RateBench b(s);
  CHECK(b.sequence(1000, AnswerClass::answer, 1) == "ss" + std::string(998, 'd'));
  CHECK(b.sequence(2, AnswerClass::answer, 2) == "ss");
  CHECK(b.sequence(3, AnswerClass::nxdomain, 3) == "ssd");
}

TEST_CASE("without rates nothing is limited") {
  RateBench b(RateLimitSettings{});
  CHECK(b.sequence(1000) == std::string(1000, 's'));
}

TEST_CASE("exempt prefixes are never limited, and counted") {
  RateLimitSettings s = answers(1);
  s.exempt = {*Prefix::parse("192.0.2.128/25"), *Prefix::parse("2001:db8::/32")};
  RateBench b(s);
  CHECK(b.sequence(50, AnswerClass::answer, 1, "192.0.2.200") == std::string(50, 's'));
  CHECK(b.sequence(50, AnswerClass::error, 0, "2001:db8:ffff::1") == std::string(50, 's'));
  CHECK(b.sequence(3, AnswerClass::answer, 1, "192.0.2.1") == "sdd");
  CHECK(b.counters.exempt.value() == 100);
}

TEST_CASE("log-only sends everything and counts what would have been") {
  RateLimitSettings s = answers(1, 1s, 2, 4);
  s.log_only = true;
  RateBench b(s);
  CHECK(b.sequence(9) == std::string(9, 's'));
  RateLimitTotals totals;
  totals.add(b.counters);
  CHECK(totals.of(AnswerClass::answer, RateOutcome::within) == 1);
  CHECK(totals.of(AnswerClass::answer, RateOutcome::dropped) == 4);
  CHECK(totals.of(AnswerClass::answer, RateOutcome::truncated) == 2);
  CHECK(totals.of(AnswerClass::answer, RateOutcome::leaked) == 2);
  CHECK(totals.of(AnswerClass::nodata, RateOutcome::within) == 0);
}

TEST_CASE("the clock's start and the wrap of an account's time change nothing") {
  // 2^40 ticks of 64 ns: the first is 19.5 hours after the clock's start.
  constexpr Duration kWrap = Duration((std::int64_t{1} << 40) * 64);
  for (const Duration start :
       {Duration(0), Duration(1), kWrap - 1s, kWrap - 1ns, kWrap, kWrap / 2, 3 * kWrap}) {
    RateBench b(answers(5));
    b.clock.advance_to(MonotonicTime(start));
    INFO(format_duration(start));
    for (int second = 0; second < 3; ++second) {
      CHECK(b.sequence(6) == "sssssd");
      b.clock.advance(1s);
    }
  }
}

TEST_CASE("an account that rested is clear, however long") {
  for (const Duration rest :
       {Duration(1s), Duration(1h), Duration(9h), Duration(10h), Duration(19h), Duration(48h)}) {
    RateBench b(answers(5));
    CHECK(b.sequence(6) == "sssssd");
    b.clock.advance(rest);
    INFO(format_duration(rest));
    CHECK(b.sequence(6) == "sssssd");
  }
}

TEST_CASE("a worker whose clock is behind another's gives nothing away") {
  RateBench b(answers(5));
  CHECK(b.sequence(6) == "sssssd");
  for (const Duration behind : {Duration(1ms), Duration(100ms), Duration(900ms)}) {
    CHECK(b.limiter.admit(address("192.0.2.1"), AnswerClass::answer, 1, b.clock.now() - behind, b.counters) ==
          RateAction::drop);
  }
}

}  // namespace gslbd::server
