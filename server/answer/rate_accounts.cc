// SPDX-License-Identifier: Apache-2.0
#include "server/answer/rate_accounts.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "server/answer/rate_limit_settings.h"

namespace gslbd::server {
namespace {

// A word: tag (16) | limited so far (8) | clear at (40). The time is in ticks of 64 ns, which divide a second
// and leave a million responses a second 15 of them each. 40 bits wrap after 19 hours.
constexpr std::int64_t kTick_ns = 64;
constexpr std::uint64_t kTicksPerSecond = 1'000'000'000 / kTick_ns;
constexpr unsigned kTimeBits = 40;
constexpr unsigned kCountBits = 8;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

// Times that lie further ahead than any limit allows lie in the past: they are of accounts that were clear
// long ago. (One that rested for 19 hours less that minute may be taken for one in use; it is clear a minute
// later.) Some seconds more, since no two workers read the clock at the same time.
constexpr std::uint64_t kFurthestAhead =
    static_cast<std::uint64_t>((RateLimitSettings::kMaxBurst + std::chrono::seconds(10)).count() / kTick_ns);

// Another worker came first so often that the account is in use by millions a second: over any limit.
constexpr int kMaxRaces = 8;

std::uint64_t ticks(MonotonicTime t) noexcept {
  return static_cast<std::uint64_t>(t.time_since_epoch().count() / kTick_ns);
}

std::uint64_t tag_of(std::uint64_t word) noexcept {
  return word >> (kTimeBits + kCountBits);
}
std::uint64_t count_of(std::uint64_t word) noexcept {
  return word >> kTimeBits & kCountMask;
}
std::uint64_t pack(std::uint64_t tag, std::uint64_t count, std::uint64_t clear_at) noexcept {
  return tag << (kTimeBits + kCountBits) | count << kTimeBits | (clear_at & kTimeMask);
}

// How long until the account is clear.
std::uint64_t debt(std::uint64_t word, std::uint64_t now) noexcept {
  const std::uint64_t ahead = (word - now) & kTimeMask;
  return ahead <= kFurthestAhead ? ahead : 0;
}

}  // namespace

RateAccounts::Limit RateAccounts::Limit::from(std::uint32_t per_second, Duration burst) {
  if (per_second == 0) return {};
  const std::uint64_t interval = (kTicksPerSecond + per_second - 1) / per_second;
  const auto burst_ns = static_cast<std::uint64_t>(burst.count());
  const std::uint64_t at_once = std::max<std::uint64_t>(1, per_second * burst_ns / 1'000'000'000);
  return {interval, (at_once - 1) * interval};
}

RateAccounts::RateAccounts(std::size_t accounts, std::uint32_t period)
    : lines_(std::bit_ceil(std::max<std::size_t>(1, (accounts + kWays - 1) / kWays))), period_(period) {}

RateAccounts::Seen RateAccounts::look_up(Line& line, std::uint64_t tag, std::uint64_t now) noexcept {
  Seen stalest{};
  std::uint64_t least_debt = ~std::uint64_t{0};
  for (Cell& cell : line.cells) {
    const std::uint64_t word = cell.load(std::memory_order_relaxed);
    if (tag_of(word) == tag) return {&cell, word, true};
    const std::uint64_t its_debt = debt(word, now);
    if (its_debt >= least_debt) continue;
    least_debt = its_debt;
    stalest = {&cell, word, false};
  }
  return stalest;
}

// All orderings are relaxed: a word says everything about its account and nothing about other memory. That
// the tag is part of what is compared makes a swap fail when the account was replaced meanwhile.
RateAccounts::Ruling RateAccounts::charge(std::uint64_t hash, const Limit& limit,
                                          MonotonicTime time) noexcept {
  Line& line = lines_[hash & (lines_.size() - 1)];
  const std::uint64_t tag = tag_of(hash);
  const std::uint64_t now = ticks(time);
  for (int race = 0; race < kMaxRaces; ++race) {
    auto [cell, word, known] = look_up(line, tag, now);
    const std::uint64_t count = known ? count_of(word) : 0;
    const std::uint64_t used = known ? debt(word, now) : 0;
    if (used <= limit.tolerance_ticks) {
      const std::uint64_t next = pack(tag, count, now + used + limit.interval_ticks);
      if (cell->compare_exchange_strong(word, next, std::memory_order_relaxed)) return {true, 0};
    } else {
      if (period_ == 1) return {false, 1};
      const std::uint64_t next = pack(tag, (count + 1) % period_, word);
      if (cell->compare_exchange_strong(word, next, std::memory_order_relaxed)) {
        return {false, static_cast<std::uint32_t>(count + 1)};
      }
    }
  }
  return {false, 1};
}

}  // namespace gslbd::server
