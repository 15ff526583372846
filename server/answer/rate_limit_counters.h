// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the rate limiter decided. RateLimitCounters is one worker's own; RateLimitTotals is the same shape in
// plain numbers, the sum over workers that a scrape reads.
//
// Thread: a worker writes its RateLimitCounters; add() reads them from any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/answer/rate_limit_settings.h"
#include "server/counter.h"

namespace gslbd::server {

/// What became of a response that was asked about; in log-only mode, what would have.
enum class RateOutcome : std::uint8_t {
  within,     ///< the limit: sent
  leaked,     ///< over the limit, sent all the same
  truncated,  ///< over the limit, sent empty with TC
  dropped,    ///< over the limit, not sent
};
inline constexpr std::array<std::string_view, 4> kRateOutcomeNames = {"within", "leaked", "truncated",
                                                                      "dropped"};

template <class Cell>
struct RateLimitCountersOf {
  /// [AnswerClass][RateOutcome]
  std::array<std::array<Cell, kRateOutcomeNames.size()>, kAnswerClassNames.size()> responses{};
  Cell exempt{};  ///< not asked about: the client's prefix is exempt

  Cell& of(AnswerClass c, RateOutcome o) {
    return responses[static_cast<std::size_t>(c)][static_cast<std::size_t>(o)];
  }
};

/// Alone on its cache lines: a neighbour's writes must not slow the worker down.
struct alignas(64) RateLimitCounters : RateLimitCountersOf<Counter> {};

struct RateLimitTotals : RateLimitCountersOf<std::uint64_t> {
  void add(const RateLimitCounters& worker) {
    for (std::size_t c = 0; c < responses.size(); ++c) {
      for (std::size_t o = 0; o < responses[c].size(); ++o) {
        responses[c][o] += worker.responses[c][o].value();
      }
    }
    exempt += worker.exempt.value();
  }
};

}  // namespace gslbd::server
