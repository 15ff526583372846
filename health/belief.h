// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is believed of one target. Two layers: the evidence, which is what `rise` and `fall` make of the
// outcomes (hysteresis.h), and the verdict, which follows the evidence unless something holds it back:
//
//   evidence down, verdict up    doubted: the prober itself may be cut off (self_doubt.h)
//   evidence up, verdict down    held back: by flap damping (damping.h), by a delayed failback, or until an
//                                operator says so
//
// Thread: values and pure functions; any.

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/time.h"
#include "health/check.h"
#include "health/damping.h"
#include "health/hysteresis.h"

namespace gslbd::health {

/// Why a target that passes its probes is still down.
enum class HeldBack : std::uint8_t {
  no,
  damping,  ///< it died too often
  delay,    ///< failback is delayed, and the time is not over
  resume,   ///< failback is manual: it waits for an operator
};

struct Belief {
  Verdict verdict = Verdict::unknown;
  HysteresisState evidence;
  FlapPenalty penalty;
  bool awaits_resume = false;  ///< it went down under manual failback, and nobody has resumed it
  MonotonicTime recovered{};   ///< when the evidence last turned up

  /// The evidence says down, and the verdict has not followed.
  constexpr bool doubted() const { return evidence.verdict == Verdict::down && verdict != Verdict::down; }
  /// A change of verdict is under way.
  constexpr bool pending() const { return doubted() || evidence.pending(); }
};

/// Why `belief` is down though its evidence is up.
HeldBack held_back(const Belief& belief, const Check& check, MonotonicTime now);
/// "held down by flap damping" and the like; empty for no.
std::string_view held_back_text(HeldBack why);
/// How much longer; nullopt when that is not a matter of time.
std::optional<Duration> held_back_for(const Belief& belief, const Check& check, MonotonicTime now);

/// The evidence after an outcome; the verdict is left to settle().
Belief with_outcome(Belief belief, Reason reason, const Check& check, MonotonicTime now);

/// Lets the verdict follow the evidence as far as it may. `death_is_credible` is asked only when the evidence
/// is down.
struct Settled {
  Belief belief;
  std::optional<Transition> transition;
};
Settled settle(Belief belief, const Check& check, MonotonicTime now, bool death_is_credible);

/// The evidence against a verdict that was doubted is void: it has to be gathered anew.
Belief without_evidence(Belief belief);

}  // namespace gslbd::health
