// SPDX-License-Identifier: Apache-2.0
// How often the real engine takes healthy targets down on a network that loses probes, beside the arithmetic
// that `gslbd check --probe-loss` shows. Seeds are fixed: what agrees once agrees always.

#include "health/false_downs.h"

#include <cmath>

#include "tests/health/sim/range.h"
#include "tests/health/sim/seeds.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

struct Case {
  Check check;
  double loss;
};

Check check_of(std::uint32_t rise, std::uint32_t fall, Duration interval, Duration confirm, Duration timeout,
               double jitter) {
  Check c;
  c.rise = rise;
  c.fall = fall;
  c.interval = interval;
  c.confirm_interval = confirm;
  c.timeout = timeout;
  c.jitter = jitter;
  return c;
}

struct Measured {
  double downs = 0;
  double down_share = 0;
};

// So many targets, lossy all of them, for so long after the first ten intervals.
Measured measure(const Case& c, std::uint32_t targets, Duration time) {
  Range range(5, {.max_in_flight = 10'000}, c.check, targets, 10);
  range.network.lose(c.loss);
  range.all(Behaviour::lossy);
  range.run_for(10 * c.check.interval);
  double down_now = 0;
  for (const TargetStatus& s : range.engine->status()) down_now += s.verdict == Verdict::down ? 1 : 0;
  range.changes.clear();
  const MonotonicTime begin = range.clock.now();
  range.run_for(time);
  Measured m;
  double down_s = 0;
  MonotonicTime last = begin;
  for (const auto& [when, change] : range.changes) {
    down_s += down_now * to_seconds(when - last);
    last = when;
    if (change.to == Verdict::down) m.downs += 1;
    down_now += change.to == Verdict::down ? 1 : change.from == Verdict::down ? -1 : 0;
  }
  down_s += down_now * to_seconds(range.clock.now() - last);
  m.down_share = down_s / (to_seconds(time) * targets);
  CHECK(range.engine->stats().isolations == 0);
  return m;
}

}  // namespace

TEST_CASE("the engine takes lossy targets down as often as the formula says, and for as long") {
  const Check defaults;
  const Case cases[] = {{defaults, 0.1},
                        {defaults, 0.3},
                        {defaults, 0.6},
                        {check_of(1, 1, 1s, 1s, 500ms, 0.3), 0.05},
                        {check_of(3, 2, 5s, 500ms, 100ms, 0.0), 0.1},
                        {check_of(2, 4, 1s, 100ms, 50ms, 0.2), 0.4}};
  constexpr std::uint32_t kTargets = 200;
  for (const Case& c : cases) {
    const FalseDowns formula = false_downs(c.check, c.loss);
    // Three thousand downs: chance moves their number by 1.8 % (one standard deviation). Where that takes
    // longer than four hours, fewer.
    const double wanted_s =
        std::min(4.0 * 3600, 3000 * formula.every_s / kTargets) / static_cast<double>(fewer());
    const auto time = Duration(static_cast<Duration::rep>(wanted_s * 1e9));
    const Measured got = measure(c, kTargets, time);
    const double expected = wanted_s * kTargets / formula.every_s;
    const double chance = 4 / std::sqrt(expected);
    INFO("fall " << c.check.fall << ", loss " << c.loss << ": " << got.downs << " downs, expected "
                 << expected << "; down for a share of " << got.down_share << ", expected "
                 << formula.down_share);
    CHECK(got.downs == Approx(expected).epsilon(chance + 0.01));
    CHECK(got.down_share == Approx(formula.down_share).epsilon(chance + 0.01));
  }
}
