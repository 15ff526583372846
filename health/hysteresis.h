// SPDX-License-Identifier: Apache-2.0
#pragma once
// When to believe: the pure function from a state and an outcome to the next state and, perhaps, a
// transition.
//
//   unknown --first pass-----------> up      the first evidence of life is believed at once: leaving out an
//   unknown --`fall` failures------> down    address that works costs more than naming one that does not
//   up      --`fall` fails in a row-> down
//   down    --`rise` passes in a row-> up
//
// An outcome against the streak starts a new streak. Local trouble (outcome.h) leaves the state as it is.
//
// Thread: values and pure functions; any.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "health/outcome.h"

namespace gslbd::health {

enum class Verdict : std::uint8_t { unknown, up, down };

constexpr std::string_view verdict_name(Verdict v) {
  return v == Verdict::up ? "up" : v == Verdict::down ? "down" : "unknown";
}

struct HysteresisState {
  Verdict verdict = Verdict::unknown;
  bool streak_passes = false;  ///< what the streak is made of
  std::uint32_t streak = 0;    ///< passes or failures in a row; stays at its maximum

  /// True while the latest evidence speaks against the verdict: then the target is probed at the confirm
  /// interval.
  constexpr bool pending() const {
    if (streak == 0) return false;
    return verdict == Verdict::down ? streak_passes : !streak_passes;
  }
  constexpr bool operator==(const HysteresisState&) const = default;
};

struct Transition {
  Verdict from;
  Verdict to;
  constexpr bool operator==(const Transition&) const = default;
};

struct HysteresisStep {
  HysteresisState state;
  std::optional<Transition> transition;
};

/// `rise` and `fall` are at least 1.
constexpr HysteresisStep apply_outcome(HysteresisState state, Reason reason, std::uint32_t rise,
                                       std::uint32_t fall) {
  if (is_local_trouble(reason)) return {state, std::nullopt};
  const bool passed = reason == Reason::pass;
  if (passed != state.streak_passes) state.streak = 0;
  state.streak_passes = passed;
  if (state.streak != std::numeric_limits<std::uint32_t>::max()) ++state.streak;

  const Verdict from = state.verdict;
  if (passed && (from == Verdict::unknown || (from == Verdict::down && state.streak >= rise))) {
    state.verdict = Verdict::up;
  } else if (!passed && from != Verdict::down && state.streak >= fall) {
    state.verdict = Verdict::down;
  }
  if (state.verdict == from) return {state, std::nullopt};
  return {state, Transition{from, state.verdict}};
}

}  // namespace gslbd::health
