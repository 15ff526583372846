// SPDX-License-Identifier: Apache-2.0
#pragma once
// Watchdog: a thread that does nothing but watch the others, and tells the service manager while all of them
// run (WATCHDOG=1); so the service manager watches the watchdog.
//
// A thread that shows no sign of life for its `alarm_after` is stuck; after kLostAfter it is lost, and what
// it said is not to be believed. A pause of the whole process (stopped, starved, suspended) is nobody's
// silence: the watchdog's own lateness is not counted.
//
// Thread: start(), watch() and close() from one; what it is given is called on the watchdog's own thread and
// must not block; report() from any. WatchdogState is a value.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/time.h"
#include "server/counter.h"

namespace gslbd::server {

/// For how long a counter has stood still that a thread counts up while it runs: a thread that may be busy
/// need not look at a clock for that. Exact to the pause between two questions.
///
/// Thread: the one that asks.
class Pulse {
 public:
  Pulse(const Counter& turns, const Clock& clock)
      : turns_(&turns), clock_(&clock), seen_(turns.value()), since_(clock.now()) {}
  Duration silence();

 private:
  const Counter* turns_;
  const Clock* clock_;
  std::uint64_t seen_;
  MonotonicTime since_;  ///< when it was last seen to move
};

/// What the watchdog makes of one thread; it knows no clock of its own.
class WatchdogState {
 public:
  static constexpr std::chrono::seconds kAlarmAfter{3};
  static constexpr std::chrono::seconds kLostAfter{15};
  enum class Step : std::uint8_t { none, alarm, lost, back };

  explicit WatchdogState(Duration alarm_after = kAlarmAfter) : alarm_after_(alarm_after) {}

  /// At each tick: `silence` is how long the thread has said nothing, `since_last` the time between this tick
  /// and the one before, `period` what it should be.
  Step tick(Duration silence, Duration since_last, Duration period);
  bool alarmed() const { return alarmed_; }
  bool lost() const { return lost_; }

 private:
  Duration alarm_after_;
  Duration paused_{0};  ///< of the silence under way: this process's own
  bool alarmed_ = false;
  bool lost_ = false;
};

inline constexpr std::string_view kMainThread = "main";
inline constexpr std::string_view kHealthThread = "health";

/// A thread as the watchdog sees it.
struct ThreadReport {
  std::string name;  ///< one of the above, or "dns-1"
  bool stuck = false;
  bool lost = false;
};

class Watchdog {
 public:
  struct Watched {
    std::string name;
    std::function<Duration()> silence;  ///< how long it has not shown that it runs
    Duration alarm_after = WatchdogState::kAlarmAfter;
    std::function<void()> on_lost = {};
  };

  /// `on_tick` is called every half second.
  Watchdog(const Clock& clock, std::function<void()> on_tick) : clock_(clock), on_tick_(std::move(on_tick)) {}
  ~Watchdog() { close(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Throws std::system_error when there is no thread to be had.
  void start();
  void watch(Watched thread);
  /// Nothing it was given is called afterwards.
  void close();

  /// Every thread that is watched, in the order of watch().
  std::vector<ThreadReport> report() const;

 private:
  struct Entry {
    Watched thread;
    WatchdogState state;
  };
  void run();
  void tick();

  const Clock& clock_;
  const std::function<void()> on_tick_;
  mutable std::mutex mutex_;  ///< guards closing_, and entries_: their number, and their states
  std::condition_variable wake_;
  bool closing_ = false;
  std::list<Entry> entries_;
  MonotonicTime last_tick_{};
  std::thread thread_;
};

/// Whether that one of them is stuck.
bool is_stuck(const std::vector<ThreadReport>& threads, std::string_view name);

}  // namespace gslbd::server
