// SPDX-License-Identifier: Apache-2.0
#include "health/false_downs.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "health/hysteresis.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace std::chrono_literals;

namespace {

Check check_of(std::uint32_t rise, std::uint32_t fall, Duration interval, Duration confirm,
               Duration timeout) {
  Check c;
  c.rise = rise;
  c.fall = fall;
  c.interval = interval;
  c.confirm_interval = confirm;
  c.timeout = timeout;
  return c;
}

// The schedule of the engine with the real hysteresis, for so many false downs.
FalseDowns simulate(const Check& check, double loss, int downs, Random& random) {
  HysteresisState state{Verdict::up};
  double now = 0, down_since = 0, down = 0, first = -1, last = 0;
  for (int seen = 0; seen < downs;) {
    const bool lost = random.unit() < loss;
    const auto step = apply_outcome(state, lost ? Reason::timeout : Reason::pass, check.rise, check.fall);
    state = step.state;
    if (step.transition && step.transition->to == Verdict::down) {
      if (first < 0)
        first = now;
      else
        ++seen;
      last = now;
      down_since = now + to_seconds(check.timeout);
    }
    if (step.transition && step.transition->to == Verdict::up && last > first) down += now - down_since;
    const double wait = to_seconds(state.pending() ? check.confirm_interval : check.interval);
    now += lost ? std::max(wait, to_seconds(check.timeout)) : wait;
  }
  return {(last - first) / downs, down / (last - first)};
}

}  // namespace

TEST_CASE("false downs come as often as the formula says, by the hysteresis that runs") {
  Random random(3);
  const Check checks[] = {check_of(2, 3, 2s, 250ms, 1s), check_of(1, 1, 1s, 1s, 500ms),
                          check_of(3, 2, 10s, 500ms, 100ms), check_of(5, 4, 1s, 100ms, 50ms)};
  for (const Check& check : checks) {
    for (const double loss : {0.1, 0.3, 0.6}) {
      const FalseDowns expected = false_downs(check, loss);
      // Times to a run are close to exponential: the mean of n deviates by 1/sqrt(n).
      const FalseDowns got = simulate(check, loss, 2000, random);
      INFO(check.fall << " " << loss);
      CHECK(got.every_s == Approx(expected.every_s).epsilon(0.1));
      CHECK(got.down_share == Approx(expected.down_share).epsilon(0.1));
    }
  }
}

TEST_CASE("with one failure enough, a target falls at every loss") {
  const FalseDowns downs = false_downs(check_of(1, 1, 1s, 1s, 1s), 0.01);
  // 99 intervals to the first loss, one to the pass that follows, which itself has to come through.
  CHECK(downs.every_s == Approx(99 + 1 + 0.01 / 0.99 + 1));
  CHECK(downs.per_year() == Approx(365.25 * 86400 / downs.every_s));
}

TEST_CASE("rare downs go as the loss to the power of fall") {
  const Check check = check_of(2, 3, 2s, 250ms, 1s);
  CHECK(false_downs(check, 1e-3).every_s / false_downs(check, 1e-2).every_s == Approx(1000).epsilon(0.02));
  CHECK(false_downs(check, 1e-4).every_s == Approx(2 * 1e12).epsilon(0.01));
}

TEST_CASE("without loss, or with more failures in a row than a number can tell, it never happens") {
  CHECK(std::isinf(false_downs(check_of(2, 3, 2s, 250ms, 1s), 0).every_s));
  CHECK(false_downs(check_of(2, 3, 2s, 250ms, 1s), 0).per_year() == 0);
  const FalseDowns never = false_downs(check_of(255, 255, 2s, 250ms, 1s), 1e-9);
  CHECK(std::isinf(never.every_s));
  CHECK(never.down_share == 0);
}
