// SPDX-License-Identifier: Apache-2.0
#pragma once
// A rate limiter on a clock that stands still until told otherwise, for its tests.

#include <string>

#include "core/random.h"
#include "server/answer/rate_limiter.h"

namespace gslbd::server {

inline Address address(std::string_view text) {
  return *Address::parse(text);
}

inline Address ipv4(std::uint32_t n) {
  const std::array<std::uint8_t, 4> b = {static_cast<std::uint8_t>(n >> 24),
                                         static_cast<std::uint8_t>(n >> 16),
                                         static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  return Address::from_v4(b);
}

struct RateBench {
  explicit RateBench(const RateLimitSettings& settings, std::uint64_t seed = 1) : limiter(settings, seed) {}

  RateAction ask(const Address& client, AnswerClass c = AnswerClass::answer, std::uint64_t name = 1) {
    return limiter.admit(client, c, name, clock.now(), counters);
  }
  RateAction ask(const char* client, AnswerClass c = AnswerClass::answer, std::uint64_t name = 1) {
    return ask(address(client), c, name);
  }
  /// What happens to `n` in a row: s(ent), t(runcated), d(ropped).
  std::string sequence(int n, AnswerClass c = AnswerClass::answer, std::uint64_t name = 1,
                       const char* client = "192.0.2.1") {
    std::string out;
    for (int i = 0; i < n; ++i) out += "std"[static_cast<std::size_t>(ask(client, c, name))];
    return out;
  }

  RateLimiter limiter;
  ManualClock clock;
  RateLimitCounters counters;
};

/// Settings that limit every class to one rate, on a small table.
inline RateLimitSettings answers(std::uint32_t per_second, Duration burst = std::chrono::seconds(1),
                                 std::uint8_t slip = 0, std::uint8_t leak = 0) {
  RateLimitSettings s;
  s.per_second[0] = per_second;
  s.burst = burst;
  s.slip = slip;
  s.leak = leak;
  s.table_size = 1024;
  return s;
}

}  // namespace gslbd::server
