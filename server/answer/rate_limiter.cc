// SPDX-License-Identifier: Apache-2.0
#include "server/answer/rate_limiter.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/random.h"

namespace gslbd::server {
namespace {

// An account's kind is its AnswerClass, or this for a prefix's account of everything.
constexpr std::uint8_t kAll = 0xff;

std::array<std::uint8_t, 16> mask(unsigned length) {
  std::array<std::uint8_t, 16> octets{};
  for (unsigned bit = 0; bit < std::min(length, 128U); ++bit) {
    octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] | 0x80 >> bit % 8);
  }
  return octets;
}

// Where the sequence of leaked, truncated and dropped responses repeats itself.
std::uint32_t period(const RateLimitSettings& s) {
  static_assert(RateLimitSettings::kMaxSlip == 15, "15 * 14 = 210 is the most that fits an account's count");
  return std::lcm(std::clamp<std::uint32_t>(s.slip, 1, RateLimitSettings::kMaxSlip),
                  std::clamp<std::uint32_t>(s.leak, 1, RateLimitSettings::kMaxSlip));
}

}  // namespace

RateLimiter::RateLimiter(const RateLimitSettings& settings, std::uint64_t seed)
    : settings_(settings),
      key_{seed, Random(seed).next()},
      exempt_(settings.exempt),
      masks_{mask(settings.ipv4_prefix_length), mask(settings.ipv6_prefix_length)},
      all_limit_(RateAccounts::Limit::from(settings.all_per_second, settings.burst)),
      accounts_(settings.table_size, period(settings)) {
  for (std::size_t c = 0; c < limits_.size(); ++c) {
    limits_[c] = RateAccounts::Limit::from(settings.rate(static_cast<AnswerClass>(c)), settings.burst);
  }
}

RateAction RateLimiter::admit(const Address& client, AnswerClass answer_class, std::uint64_t name_hash,
                              MonotonicTime now, RateLimitCounters& counters, bool can_slip) noexcept {
  if (exempt_.contains(client)) {
    counters.exempt.add();
    return RateAction::send;
  }
  const RateOutcome outcome = decide(client, answer_class, name_hash, now, can_slip);
  counters.of(answer_class, outcome).add();
  if (settings_.log_only) return RateAction::send;
  switch (outcome) {
    case RateOutcome::truncated:
      return RateAction::truncate;
    case RateOutcome::dropped:
      return RateAction::drop;
    default:
      return RateAction::send;
  }
}

RateOutcome RateLimiter::decide(const Address& client, AnswerClass answer_class, std::uint64_t name_hash,
                                MonotonicTime now, bool can_slip) noexcept {
  const auto kind = static_cast<std::uint8_t>(answer_class);
  if (const auto& limit = limits_[kind]; limit.interval_ticks != 0) {
    const auto ruling = accounts_.charge(account(client, kind, name_hash), limit, now);
    if (!ruling.within) return over_limit(ruling.nth_limited, can_slip);
  }
  if (all_limit_.interval_ticks != 0) {
    const auto ruling = accounts_.charge(account(client, kAll, 0), all_limit_, now);
    if (!ruling.within) return over_limit(ruling.nth_limited, can_slip);
  }
  return RateOutcome::within;
}

RateOutcome RateLimiter::over_limit(std::uint32_t nth, bool can_slip) const noexcept {
  if (settings_.leak != 0 && nth % settings_.leak == 0) return RateOutcome::leaked;
  if (can_slip && settings_.slip != 0 && nth % settings_.slip == 0) return RateOutcome::truncated;
  return RateOutcome::dropped;
}

std::uint64_t RateLimiter::account(const Address& client, std::uint8_t kind,
                                   std::uint64_t name_hash) const noexcept {
  // The address (16), the name (8), the kind and the family: 192.0.2.0/24 is not c000:200::/24.
  std::array<std::uint8_t, 26> octets{};
  std::copy(client.bytes().begin(), client.bytes().end(), octets.begin());
  const auto& mask = masks_[static_cast<std::size_t>(client.family())];
  for (std::size_t i = 0; i < mask.size(); ++i) octets[i] &= mask[i];
  std::memcpy(octets.data() + 16, &name_hash, sizeof name_hash);
  octets[24] = kind;
  octets[25] = static_cast<std::uint8_t>(client.family());
  return sip_hash(key_, octets);
}

}  // namespace gslbd::server
