// SPDX-License-Identifier: Apache-2.0
#pragma once
// SlowStart: which members of one pool have just recovered, and how much of their weight they have by now.
// A share grows in a straight line from nothing to the whole over the pool's `slow_start`. What a share means
// for an answer is settled elsewhere: decide.h makes it a part of the clients, answer_set.h says which.
//
// Invariants: a share only grows while its ramp is on; all shares are as of the same moment.
//
// Thread: one thread, main.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.h"

namespace gslbd::server {

class SlowStart {
 public:
  /// Zero: no member ever ramps.
  SlowStart(Duration ramp, std::size_t members) : ramp_(ramp), began_(members) {}

  /// False: no member ever has a ramp.
  bool ramps() const { return ramp_ > Duration(0); }
  /// A member recovered: its share grows from now on. Every change wants an update() after it.
  void begin(std::uint32_t member, MonotonicTime now) {
    if (ramps()) began_[member] = now;
  }
  /// It is out of the answers again, or had no ramp to begin with.
  void end(std::uint32_t member) { began_[member].reset(); }
  /// When the member's ramp began; nullopt: none is on.
  std::optional<MonotonicTime> began(std::uint32_t member) const { return began_[member]; }

  /// Moves every share to `now`, and ends the ramps that are over.
  void update(MonotonicTime now);
  /// By member, above 0, 1 for the whole; empty when no ramp is on.
  const std::vector<double>& shares() const { return shares_; }
  /// When update() is due; nullopt when no ramp is on.
  std::optional<MonotonicTime> next_step() const { return next_; }

 private:
  Duration ramp_;
  std::vector<std::optional<MonotonicTime>> began_;  ///< by member
  std::vector<double> shares_;
  std::optional<MonotonicTime> next_;
};

}  // namespace gslbd::server
