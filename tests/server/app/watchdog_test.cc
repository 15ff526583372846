// SPDX-License-Identifier: Apache-2.0
#include "server/app/watchdog.h"

#include <atomic>
#include <future>
#include <optional>

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;
using Step = WatchdogState::Step;

namespace {

/// Ticks every 500 ms while the health thread is silent for ever longer.
Step silent_until(WatchdogState& state, Duration end) {
  Step last = Step::none;
  for (Duration silence = 500ms; silence <= end; silence += 500ms) {
    const Step step = state.tick(silence, 500ms, 500ms);
    if (step != Step::none) last = step;
  }
  return last;
}

}  // namespace

TEST_CASE("a pulse is silent for as long as its counter stands still") {
  ManualClock clock;
  Counter turns;
  Pulse pulse(turns, clock);
  CHECK(pulse.silence() == 0s);
  clock.advance(2s);
  CHECK(pulse.silence() == 2s);
  turns.add();
  CHECK(pulse.silence() == 0s);
  clock.advance(500ms);
  CHECK(pulse.silence() == 500ms);
}

TEST_CASE("a health thread that speaks is well") {
  WatchdogState state;
  for (int i = 0; i < 100; ++i) CHECK(state.tick(Duration(i % 5 * 100ms), 500ms, 500ms) == Step::none);
  CHECK_FALSE(state.alarmed());
}

TEST_CASE("a silent one raises the alarm, then is lost, and comes back") {
  WatchdogState state;
  CHECK(silent_until(state, 2500ms) == Step::none);
  CHECK(silent_until(state, 3s) == Step::alarm);
  CHECK(state.alarmed());
  CHECK_FALSE(state.lost());
  CHECK(silent_until(state, 15s) == Step::lost);
  CHECK(state.lost());
  CHECK(state.tick(15500ms, 500ms, 500ms) == Step::none);
  CHECK(state.tick(100ms, 500ms, 500ms) == Step::back);
  CHECK_FALSE(state.alarmed());
}

TEST_CASE("when the whole process stood still, nobody is blamed") {
  WatchdogState state;
  CHECK(state.tick(100ms, 500ms, 500ms) == Step::none);
  // An hour of sleep: both threads wake together, and this one is the first to run.
  CHECK(state.tick(1h, 1h, 500ms) == Step::none);
  CHECK(state.tick(1h + 500ms, 500ms, 500ms) == Step::none);  // the other needs a moment more
  CHECK(state.tick(100ms, 500ms, 500ms) == Step::none);
  CHECK_FALSE(state.alarmed());
}

TEST_CASE("a health thread that does not wake up after a pause is found all the same") {
  WatchdogState state;
  state.tick(100ms, 500ms, 500ms);
  state.tick(1h + 400ms, 1h, 500ms);
  Step last = Step::none;
  for (Duration more = 500ms; more <= 4s; more += 500ms) {
    const Step step = state.tick(1h + 400ms + more, 500ms, 500ms);
    if (step != Step::none) last = step;
  }
  CHECK(last == Step::alarm);
}

TEST_CASE("the watchdog tells of a thread that is lost, and that it is back") {
  const SystemClock clock;
  std::atomic<bool> runs{false};
  std::promise<void> lost;
  std::promise<void> back;
  std::optional<Watchdog> watchdog;
  const auto tick = [&, told = false]() mutable {
    if (told || !runs || is_stuck(watchdog->report(), "dns-1")) return;
    told = true;
    back.set_value();
  };
  watchdog.emplace(clock, tick);
  watchdog->watch({.name = "dns-1",
                   .silence = [&]() -> Duration { return runs ? 0s : 1h; },
                   .on_lost = [&] { lost.set_value(); }});
  watchdog->watch({.name = "main", .silence = [] { return Duration{0}; }});
  watchdog->start();
  lost.get_future().wait();
  const auto report = watchdog->report();
  REQUIRE(report.size() == 2);
  CHECK((report[0].name == "dns-1" && report[0].stuck && report[0].lost));
  CHECK((report[1].name == "main" && !report[1].stuck));
  CHECK(is_stuck(report, "dns-1"));
  CHECK_FALSE(is_stuck(report, "main"));
  runs = true;
  back.get_future().wait();
  watchdog->close();
  CHECK_FALSE(watchdog->report()[0].lost);
}
