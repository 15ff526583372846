// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/restraint.h"

#include <algorithm>
#include <cmath>

namespace gslbd::health::sim {

double Restraint::penalty(MonotonicTime now) const {
  if (!check_->damping) return 0.0;
  return deaths_ * std::pow(0.5, to_seconds(now - died_at_) / to_seconds(check_->damping->half_life));
}

void Restraint::died(MonotonicTime now) {
  waits_ = check_->failback == Failback::manual;
  if (!check_->damping) return;
  const DampingRules& rules = *check_->damping;
  const double half_life_s = to_seconds(rules.half_life);
  const double most = rules.reuse * std::pow(2.0, to_seconds(rules.max_hold) / half_life_s);
  const double deaths = penalty(now) + 1.0;
  at_the_ceiling_ = deaths > most;
  deaths_ = std::min(deaths, most);
  died_at_ = now;
  const bool still_held = now < damped_until_;
  if (!still_held && deaths_ <= rules.suppress) return;
  const double hold_s =
      deaths_ > rules.reuse ? half_life_s * std::log(deaths_ / rules.reuse) / std::log(2.0) : 0;
  damped_until_ = now + Duration(static_cast<Duration::rep>(hold_s * 1e9));
}

void Restraint::resumed(MonotonicTime now) {
  waits_ = false;
  deaths_ = 0.0;
  damped_until_ = {};
  well_since_ = now - check_->failback_delay;
}

MonotonicTime Restraint::free_at() const {
  if (check_->failback != Failback::delayed) return damped_until_;
  return std::max(damped_until_, well_since_ + check_->failback_delay);
}

}  // namespace gslbd::health::sim
