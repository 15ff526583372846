// SPDX-License-Identifier: Apache-2.0
// No herd: whatever happens to all targets at once, their probes do not begin at once.

#include <algorithm>
#include <map>

#include "tests/health/sim/range.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSlice = 10ms;

/// Probes that began in the time from `from` to `to`: the mean of its slices, and the fullest of them.
struct Crowd {
  double mean = 0;
  int fullest = 0;

  Crowd(const Range& range, MonotonicTime from, MonotonicTime to) {
    std::map<std::int64_t, int> slices;
    int all = 0;
    for (const auto& probe : range.network.started()) {
      if (probe.started < from || probe.started >= to) continue;
      fullest = std::max(fullest, ++slices[(probe.started - from) / kSlice]);
      ++all;
    }
    mean = static_cast<double>(all) / (to_seconds(to - from) / to_seconds(kSlice));
  }
};

// Chance alone fills some slice of a few thousand to three or four times a mean of five.
constexpr double kSmallMultiple = 5.0;

// Where witnesses are asked: three at each of eight sites.
constexpr int kAsked = 24;

/// A thousand targets at fifty sites, every 2 s each, which have been up for half a minute.
struct Thousand : Range {
  Thousand() : Range(17, {.max_in_flight = 5000}, Check{}, 1000, 50) { run_for(30s); }
  Crowd crowd_of(Duration d) {
    const MonotonicTime from = clock.now();
    run_for(d);
    return {*this, from, clock.now()};
  }
};

}  // namespace

TEST_CASE("first probes are spread, and the first round ends soon") {
  Range f(3, {}, Check{}, 5000);
  const MonotonicTime from = f.clock.now();
  f.run_for(1s);
  const Crowd crowd(f, from, f.clock.now());
  f.run_for(100ms);
  REQUIRE(f.first_round.has_value());
  CHECK(f.network.started().size() == 5000);
  CHECK(crowd.fullest < 2 * crowd.mean);
}

TEST_CASE("a reload that brings a thousand targets brings no herd") {
  Range f(4, {}, Check{}, 100);
  f.run_for(30s);
  const MonotonicTime from = f.clock.now();
  f.grow(1100, 0);
  f.run_for(1s);
  const Crowd first(f, from, f.clock.now());
  CHECK(first.mean >= 10);
  CHECK(first.fullest < kSmallMultiple * first.mean);
  f.run_for(10s);
  CHECK(Crowd(f, from + 1s, f.clock.now()).fullest < kSmallMultiple * first.mean);
}

TEST_CASE("no herd when all fall silent, while the prober is cut off, or when it is connected again") {
  for (const Behaviour cut : {Behaviour::blackholed, Behaviour::unreachable}) {
    INFO("noticed at once: " << (cut == Behaviour::unreachable));  // as with a cable that is pulled
    Thousand f;
    f.all(cut);
    const Crowd falling = f.crowd_of(6s);
    REQUIRE(f.engine->stats().isolated);
    CHECK(falling.fullest < kSmallMultiple * falling.mean + kAsked);
    const Crowd isolated = f.crowd_of(1min);
    CHECK(isolated.mean == Approx(5).epsilon(0.1));  // as ever: confirmations would be for nothing
    CHECK(isolated.fullest < kSmallMultiple * isolated.mean);
    f.all(Behaviour::up);
    const Crowd back = f.crowd_of(2s);
    REQUIRE_FALSE(f.engine->stats().isolated);
    CHECK(back.fullest < kSmallMultiple * back.mean);
    const Crowd calm = f.crowd_of(30s);
    CHECK(calm.fullest < kSmallMultiple * calm.mean);
  }
}

TEST_CASE("no herd when every target dies, and when all come back") {
  Thousand f;
  f.all(Behaviour::refused);
  const Crowd dying = f.crowd_of(4s);
  CHECK(dying.fullest < kSmallMultiple * dying.mean);
  f.run_for(1min);
  f.all(Behaviour::up);
  const Crowd back = f.crowd_of(4s);
  CHECK(back.fullest < kSmallMultiple * back.mean);
}

TEST_CASE("a step of the clock on the wall moves no probe") {
  Thousand still;
  Thousand stepped;
  still.run_for(30s);
  for (const Duration step : {Duration(-1h), Duration(30 * 24h)}) {
    stepped.clock.step_wall(step);
    stepped.run_for(15s);
  }
  const auto& a = still.network.started();
  const auto& b = stepped.network.started();
  REQUIRE(a.size() == b.size());
  CHECK(std::equal(a.begin(), a.end(), b.begin(),
                   [](const ProbeRecord& x, const ProbeRecord& y) { return x.started == y.started; }));
}
