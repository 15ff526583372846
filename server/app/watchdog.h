// SPDX-License-Identifier: Apache-2.0
#pragma once
// Watchdog: the main thread watches the health thread, and tells the service manager that both run.
//
// A health thread that shows no sign of life for kAlarmAfter raises the alarm; after kLostAfter its verdicts
// are not believed any more. A pause of the whole process (stopped, starved, suspended) is no silence of the
// health thread: the watchdog's own lateness is not counted.
//
// Thread: the loop's. WatchdogState is a value.

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>

#include "core/time.h"

namespace gslbd::server {

/// What the watchdog makes of what it sees; it knows no clock of its own.
class WatchdogState {
 public:
  static constexpr std::chrono::seconds kAlarmAfter{3};
  static constexpr std::chrono::seconds kLostAfter{15};
  enum class Step : std::uint8_t { none, alarm, lost, back };

  /// At each tick: `silence` is how long the health thread has said nothing, `since_last` the time between
  /// this tick and the one before, `period` what it should be.
  Step tick(Duration silence, Duration since_last, Duration period);
  bool alarmed() const { return alarmed_; }
  bool lost() const { return lost_; }

 private:
  Duration paused_{0};  ///< of the silence under way: this process's own
  bool alarmed_ = false;
  bool lost_ = false;
};

class Watchdog {
 public:
  struct Events {
    std::function<Duration()> silence;  ///< of the health thread
    std::function<void()> on_lost;      ///< its verdicts are not to be believed
    std::function<void()> on_well;      ///< at every tick at which it runs
  };
  Watchdog(uv_loop_t& loop, const Clock& clock, Events events);

  void start();
  void close();
  const WatchdogState& state() const { return state_; }

 private:
  void tick();

  const Clock& clock_;
  Events events_;
  uv_timer_t timer_{};
  WatchdogState state_;
  MonotonicTime last_tick_{};
};

}  // namespace gslbd::server
