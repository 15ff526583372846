// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time as the program sees it: a monotonic time for schedules and measurements, a wall time for people and
// files. Code that needs the time takes a Clock, so that tests and the simulator can drive it.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gslbd {

using Duration = std::chrono::nanoseconds;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Thread: any, for both implementations' now(); ManualClock::advance from one thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  MonotonicTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

/// A clock that stands still until told to move. Starts at 1 s past the monotonic epoch, on 2026-01-01.
class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  WallTime wall_now() const override { return wall_; }
  void advance(Duration by) {
    now_ += by;
    wall_ += by;
  }
  /// Somebody set the clock on the wall.
  void step_wall(Duration by) { wall_ += by; }
  /// Moves to `t`, which must not be in the past.
  void advance_to(MonotonicTime t) { advance(t - now_); }

 private:
  MonotonicTime now_{std::chrono::seconds(1)};
  WallTime wall_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
};

/// "250ms", "2s", "5m", "1h", "2d", "1w", also "1.5s"; nullopt for anything else, negatives and overflow.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest exact form that parse_duration reads: "250ms", "90s", "5m". Below a millisecond: "us" and
/// "ns".
std::string format_duration(Duration d);

/// "2026-11-21T23:55:01.123Z"
std::string format_wall_time(WallTime t);
/// What format_wall_time writes, with or without the fraction, in UTC ("Z"); nullopt for anything else.
std::optional<WallTime> parse_wall_time(std::string_view text);

/// Seconds as a floating-point number, for metrics and JSON.
inline double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace gslbd
