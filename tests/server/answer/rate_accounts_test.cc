// SPDX-License-Identifier: Apache-2.0
// The rate limiter's accounts: held against a simple reference, under pressure, and shared by threads.
#include "server/answer/rate_accounts.h"

#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/server/answer/rate_bench.h"
#include "tests/support/catch.h"

namespace gslbd::server {

using namespace std::chrono_literals;

namespace {

/// The same policy with a map of token buckets that forgets nobody.
class Reference {
 public:
  Reference(std::int64_t per_second, std::int64_t burst) : per_second_(per_second), burst_(burst) {}

  bool admit(std::uint64_t account, MonotonicTime now) {
    auto [at, fresh] = buckets_.try_emplace(account, Bucket{burst_ * kToken, now});
    Bucket& bucket = at->second;
    // A token is a second's nanoseconds: the bucket gains `per_second` of them each nanosecond.
    bucket.level = std::min(burst_ * kToken, bucket.level + (now - bucket.at).count() * per_second_);
    bucket.at = now;
    if (bucket.level < kToken) return false;
    bucket.level -= kToken;
    return true;
  }

 private:
  static constexpr std::int64_t kToken = 1'000'000'000;
  struct Bucket {
    std::int64_t level;
    MonotonicTime at;
  };
  std::int64_t per_second_;
  std::int64_t burst_;
  std::unordered_map<std::uint64_t, Bucket> buckets_;
};

}  // namespace

TEST_CASE("with room for all, it decides as a map of token buckets does") {
  // Rates whose interval is a whole number of ticks, times that are: then there is no rounding to forgive.
  for (const std::uint32_t rate : {1U, 4U, 5U, 20U, 125U}) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      RateLimitSettings s = answers(rate, 2s);
      s.table_size = 65536;
      RateBench b(s, seed);
      Reference reference(rate, 2 * rate);
      Random random(seed);
      const std::uint32_t clients = 200;
      for (int i = 0; i < 20000; ++i) {
        const std::uint32_t client = random.below(clients);
        const std::uint32_t name = random.below(3);
        const Address asker = ipv4(10U << 24 | client << 16 | random.below(256));
        // Mostly a flood at about the limit, sometimes a rest.
        const std::uint32_t mean_ticks = 15'625'000 / (rate * clients * 3);
        b.clock.advance(Duration(64 * std::int64_t{random.below(2 * mean_ticks)}));
        if (random.below(1000) == 0) b.clock.advance(Duration(64 * std::int64_t{random.below(20'000'000)}));
        const bool want = reference.admit(client * 3 + name, b.clock.now());
        INFO("rate " << rate << ", seed " << seed << ", query " << i);
        REQUIRE((b.ask(asker, AnswerClass::answer, name) == RateAction::send) == want);
      }
    }
  }
}

TEST_CASE("a spray of made-up prefixes over a small table locks out nobody") {
  RateBench b(answers(5), 7);
  const Address resolver = address("192.0.2.53");
  Random random(7);
  int asked = 0;
  int answered = 0;
  for (int i = 0; i < 1'000'000; ++i) {  // 100,000 a second
    b.ask(ipv4(static_cast<std::uint32_t>(random.next())));
    b.clock.advance(10us);
    if (i % 25'000 != 0) continue;  // four times a second
    ++asked;
    if (b.ask(resolver) == RateAction::send) ++answered;
  }
  CHECK(asked == 40);
  CHECK(answered == asked);
}

TEST_CASE("a spray of made-up prefixes gives a flooded one no free rides") {
  RateBench b(answers(5), 8);
  const Address victim = address("192.0.2.53");
  Random random(8);
  int sent = 0;
  for (int i = 0; i < 1'000'000; ++i) {  // ten seconds of spray, and 10,000 a second to the victim
    b.ask(ipv4(static_cast<std::uint32_t>(random.next())));
    b.clock.advance(10us);
    if (i % 10 == 0 && b.ask(victim) == RateAction::send) ++sent;
  }
  CHECK(sent >= 50);
  CHECK(sent <= 55);  // the burst and ten seconds
}

TEST_CASE("floods to half as many prefixes as the table has accounts are all limited") {
  RateBench b(answers(5), 9);
  int sent = 0;
  for (int round = 0; round < 200; ++round) {  // 20 a second each, for ten seconds
    for (std::uint32_t n = 0; n < 512; ++n) {
      const Address asker = ipv4(10U << 24 | n << 8 | 1);
      if (b.ask(asker) == RateAction::send) ++sent;
    }
    b.clock.advance(50ms);
  }
  // 55 each, and something for the few lines that more than eight of them fell on.
  CHECK(sent >= 512 * 54);
  CHECK(sent <= 512 * 55 * 105 / 100);
}

TEST_CASE("floods to more prefixes than the table has accounts lock out nobody") {
  RateBench b(answers(5), 10);
  const Address resolver = address("192.0.2.53");
  for (int round = 0; round < 200; ++round) {
    for (std::uint32_t n = 0; n < 4096; ++n) b.ask(ipv4(10U << 24 | n << 8 | 1));
    if (round % 5 == 0) CHECK(b.ask(resolver) == RateAction::send);  // four times a second
    b.clock.advance(50ms);
  }
}

TEST_CASE("the table is as large as told, and a power of two") {
  CHECK(RateAccounts(1024, 1).size() == 1024);
  CHECK(RateAccounts(1025, 1).size() == 2048);
  CHECK(RateAccounts(1, 1).size() == 8);
}

TEST_CASE("many workers together send no more than one would") {
  constexpr std::size_t kWorkers = 4;
  constexpr std::uint32_t kEach = 20'000;
  RateLimitSettings s = answers(100, 1s, 2);
  s.all_per_second = 150;
  s.table_size = 1'048'576;  // room for all: nobody is forgotten
  RateLimiter limiter(s, 3);
  const MonotonicTime now{1s};
  std::array<RateLimitCounters, kWorkers> counters;
  std::vector<std::thread> workers;
  for (std::size_t w = 0; w < kWorkers; ++w) {
    workers.emplace_back([&, w] {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        // Two names of one prefix, and prefixes that come and go beside them.
        limiter.admit(address("192.0.2.1"), AnswerClass::answer, i % 2, now, counters[w]);
        const Address asker = ipv4(10U << 24 | i << 8 | 1);
        limiter.admit(asker, AnswerClass::error, 0, now, counters[w]);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  RateLimitTotals totals;
  for (const auto& each : counters) totals.add(each);
  const auto of = [&](RateOutcome o) { return totals.of(AnswerClass::answer, o); };
  CHECK(of(RateOutcome::within) <= 150);
  CHECK(of(RateOutcome::within) >= 100);
  CHECK(of(RateOutcome::within) + of(RateOutcome::truncated) + of(RateOutcome::dropped) == kWorkers * kEach);
  // Every second one is truncated, but for races lost again and again.
  CHECK(of(RateOutcome::truncated) <= kWorkers * kEach / 2);
  CHECK(totals.of(AnswerClass::error, RateOutcome::dropped) == 0);
}

}  // namespace gslbd::server
