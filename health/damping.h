// SPDX-License-Identifier: Apache-2.0
#pragma once
// Flap damping, after the idea of RFC 2439: every death adds one to a penalty that halves with time. A target
// whose penalty has passed `suppress` stays down, whatever its probes say, until the penalty has decayed to
// `reuse`.
//
// Thread: values and pure functions; any.

#include <algorithm>
#include <cmath>

#include "core/time.h"

namespace gslbd::health {

struct DampingRules {
  Duration half_life = std::chrono::minutes(5);
  double suppress = 3.0;                         ///< deaths, decayed; more than this many suppress the target
  double reuse = 1.0;                            ///< at this penalty it is free again; less than suppress
  Duration max_hold = std::chrono::minutes(30);  ///< nothing is held down for longer than this after a death

  /// The penalty that takes `max_hold` to decay to `reuse`.
  double ceiling() const { return reuse * std::exp2(to_seconds(max_hold) / to_seconds(half_life)); }
};

struct FlapPenalty {
  double value = 0.0;  ///< as of `at`
  MonotonicTime at{};
  bool suppressed = false;

  double now(const DampingRules& rules, MonotonicTime now) const {
    if (now <= at) return value;
    return value * std::exp2(-to_seconds(now - at) / to_seconds(rules.half_life));
  }
  /// How much longer it is held down; 0 when it is free.
  Duration remaining(const DampingRules& rules, MonotonicTime moment) const {
    const double penalty = now(rules, moment);
    if (!suppressed || penalty <= rules.reuse) return Duration{0};
    const double halvings = std::log2(penalty / rules.reuse);
    return Duration(static_cast<Duration::rep>(halvings * static_cast<double>(rules.half_life.count())));
  }
};

inline FlapPenalty after_death(FlapPenalty penalty, const DampingRules& rules, MonotonicTime now) {
  const bool still_suppressed = penalty.remaining(rules, now) > Duration{0};
  penalty.value = std::min(penalty.now(rules, now) + 1.0, rules.ceiling());
  penalty.at = now;
  penalty.suppressed = still_suppressed || penalty.value > rules.suppress;
  return penalty;
}

}  // namespace gslbd::health
