// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has to keep one target down though it is well: reckoned from its deaths, its recoveries and the
// operator's words alone, for the referee. It shares no code with the engine's belief and damping.
//
// Thread: one.

#include "core/time.h"
#include "health/check.h"

namespace gslbd::health::sim {

class Restraint {
 public:
  explicit Restraint(const Check& check) : check_(&check) {}

  /// It was up, and is down.
  void died(MonotonicTime now);
  /// It is down, and has now passed as often in a row as `rise` wants.
  void recovered(MonotonicTime now) { well_since_ = now; }
  /// An operator spoke for a target that was held back.
  void resumed(MonotonicTime now);

  bool waits_for_operator() const { return waits_; }
  /// From when on time no longer holds it.
  MonotonicTime free_at() const;
  bool holds(MonotonicTime now) const { return waits_ || now < free_at(); }

  /// Deaths, decayed.
  double penalty(MonotonicTime now) const;
  /// The last death brought it to the ceiling.
  bool at_the_ceiling() const { return at_the_ceiling_; }

 private:
  const Check* check_;
  double deaths_ = 0.0;  ///< as of died_at_
  MonotonicTime died_at_{};
  MonotonicTime damped_until_{};
  MonotonicTime well_since_{};
  bool waits_ = false;
  bool at_the_ceiling_ = false;
};

}  // namespace gslbd::health::sim
