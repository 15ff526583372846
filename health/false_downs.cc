// SPDX-License-Identifier: Apache-2.0
#include "health/false_downs.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gslbd::health {
namespace {

constexpr double kYear_s = 365.25 * 24 * 3600;

// The mean time from a probe to the end of the first run of `length` events of probability `p`; `after` is
// the time to the next probe behind such an event, `interval` behind any other.
double time_to_run(double p, std::uint32_t length, double interval, double after) {
  const double run = std::pow(p, length);
  if (run == 0) return std::numeric_limits<double>::infinity();
  double starts = 0;  // p + p^2 + ... + p^(length-1)
  for (std::uint32_t k = 1; k < length; ++k) starts += std::pow(p, k);
  return ((1 - run) * interval + starts * after) / run;
}

}  // namespace

double FalseDowns::per_year() const {
  return kYear_s / every_s;
}

FalseDowns false_downs(const Check& check, double loss) {
  const double interval = to_seconds(check.interval);
  const double confirm = to_seconds(check.confirm_interval);
  const double lost = std::max(confirm, to_seconds(check.timeout));
  const double to_down = time_to_run(loss, check.fall, interval, lost);
  const double to_up = time_to_run(1 - loss, check.rise, interval, confirm);
  const double every = to_down + interval + to_up + interval;
  // The verdict falls when the timeout of the last lost probe is over.
  const double down = interval - to_seconds(check.timeout) + to_up;
  return {every, std::isinf(every) ? 0 : down / every};
}

}  // namespace gslbd::health
