// SPDX-License-Identifier: Apache-2.0
#pragma once
// The seam between the engine and time: "run this then". In production a libuv timer stands behind it, in the
// simulator a virtual clock.
//
// Thread: one thread, the engine's.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/time.h"

namespace gslbd::health {

/// A timer that has been set. The default value stands for none.
struct TimerId {
  MonotonicTime when{};
  std::uint64_t sequence = 0;
  auto operator<=>(const TimerId&) const = default;
};

class Scheduler {
 public:
  using Callback = std::function<void()>;

  virtual ~Scheduler() = default;
  /// Runs `callback` once, not before `when`, and never from inside this call. Equal times run in order of
  /// setting.
  virtual TimerId run_at(MonotonicTime when, Callback callback) = 0;
  /// Timers that have run, were cancelled or are none are ignored.
  virtual void cancel(TimerId timer) = 0;
};

/// The ordered timers behind a scheduler. An ordered tree: setting, cancelling and expiring cost O(log n),
/// and no entry outlives its cancellation.
class TimerQueue {
 public:
  TimerId add(MonotonicTime when, Scheduler::Callback callback) {
    const TimerId id{when, ++last_sequence_};
    timers_.emplace(id, std::move(callback));
    return id;
  }
  void cancel(TimerId id) { timers_.erase(id); }
  std::optional<MonotonicTime> next() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first.when;
  }
  /// Runs the first timer if it is due at `now`. True when one ran.
  bool run_one(MonotonicTime now) {
    if (timers_.empty() || timers_.begin()->first.when > now) return false;
    const auto node = timers_.extract(timers_.begin());
    node.mapped()();
    return true;
  }

 private:
  std::map<TimerId, Scheduler::Callback> timers_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace gslbd::health
