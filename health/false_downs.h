// SPDX-License-Identifier: Apache-2.0
#pragma once
// How often a healthy target is taken down by chance, when each of its probes is lost with the same
// probability, whatever became of the others.
//
// With p the loss, q = 1 - p, n = fall, r = rise; I the interval, C the confirm interval, and L the larger of
// C and the timeout, since a lost probe is only known to be lost when its timeout is over. From a target's
// first probe to a run of n losses it takes on average
//
//   D = ((1 - p^n) * I + (p + p^2 + ... + p^(n-1)) * L) / p^n
//
// because E(k), the time left after k losses in a row, is q * (I + E(0)) + p * (L + E(k+1)), with E(n) = 0
// and no L on the last step. The same with q for p, r for n and C for L is the way back up:
//
//   U = ((1 - q^r) * I + (q + ... + q^(r-1)) * C) / q^r
//
// An interval lies between the two, and another behind them: the mean time between false downs is D + I + U +
// I. Of that it is down for I + U less a timeout, as the verdict falls when the last of the lost probes is
// over.
//
// Jitter does not move a mean. Flap damping and manual failback only make the way back up longer.
//
// Thread: pure functions.

#include "health/check.h"

namespace gslbd::health {

struct FalseDowns {
  double every_s = 0;       ///< mean time from one false down to the next; infinite when never
  double down_share = 0;    ///< the share of all time that the target is believed down
  double per_year() const;  ///< of one target, on average
};

/// `loss` is from 0 to below 1.
FalseDowns false_downs(const Check& check, double loss);

}  // namespace gslbd::health
