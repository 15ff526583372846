// SPDX-License-Identifier: Apache-2.0
#include "server/steering/slow_start.h"

#include <algorithm>

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

// A ramp is taken in steps, since every step compiles the pool anew: 64 of them, but four a second at most.
constexpr int kSteps = 64;
constexpr Duration kShortestStep = 250ms;

}  // namespace

void SlowStart::update(MonotonicTime now) {
  shares_.clear();
  next_.reset();
  for (std::size_t m = 0; m < began_.size(); ++m) {
    if (!began_[m]) continue;
    const Duration age = std::max(now - *began_[m], Duration(0));
    if (age >= ramp_) {
      began_[m].reset();
      continue;
    }
    shares_.resize(began_.size(), 1.0);
    // One step ahead of the straight line: a share of nothing would be no recovery.
    const double elapsed = to_seconds(age) / to_seconds(ramp_) + 1.0 / kSteps;
    shares_[m] = std::min(elapsed, 1.0);
    next_ = now + std::max(ramp_ / kSteps, kShortestStep);
  }
}

}  // namespace gslbd::server
