// SPDX-License-Identifier: Apache-2.0
#pragma once
// Targets as the health room shows them to others: what to probe, what is believed, what was seen.
//
// Thread: values; any.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/address.h"
#include "health/belief.h"
#include "health/check.h"
#include "health/hysteresis.h"
#include "health/outcome.h"

namespace gslbd::health {

/// Stable for a check's fingerprint and an address as long as the process lives.
using TargetId = std::uint64_t;

struct TargetSpec {
  std::shared_ptr<const Check> check;
  Address address;
  std::string site = {};  ///< whose targets may well fail together; empty: the address's neighbourhood
  bool canary = false;    ///< probed only to know whether this prober is connected; no verdict is asked for
};

/// What is known of a target now.
struct Believed {
  TargetId id;
  Verdict verdict;
  bool pending = false;  ///< a change of verdict is under way
};

/// A verdict from before a restart: the start of a target with this check name and address.
struct RememberedVerdict {
  std::string check;
  Address address;
  Verdict verdict;
  WallTime since;
  double flap_penalty = 0.0;   ///< as of `as_of`
  WallTime held_until{};       ///< when flap damping lets it go; the epoch: it does not hold it
  bool awaits_resume = false;  ///< manual failback: an operator has to bring it back
  WallTime as_of{};            ///< when this was written
};

/// A verdict changed, or only whether a change is under way (then `from` is `to`).
struct VerdictChange {
  TargetId id;
  Verdict from;
  Verdict to;
  WallTime at;
  bool pending = false;
};

struct TargetStatus {
  TargetId id = 0;
  std::string check;  ///< its name; of several that share the target, the one that stood first in the plan
  std::string type;
  Address address;
  std::string site;
  bool canary = false;
  Verdict verdict = Verdict::unknown;
  WallTime since{};                     ///< when the verdict was reached
  Verdict evidence = Verdict::unknown;  ///< what rise and fall make of the outcomes
  WallTime evidence_at{};               ///< of the last outcome that counted; the epoch: none yet
  bool pending = false;                 ///< a change of verdict is under way
  bool doubted = false;                 ///< it fell silent, and so may the prober have
  HeldBack held_back = HeldBack::no;    ///< why it is down though it passes
  WallTime held_until{};      ///< when damping or delay would let it go; the epoch: nothing of the kind
  double flap_penalty = 0.0;  ///< deaths, decayed
  bool awaits_resume = false;
  bool streak_passes = false;  ///< what the streak is made of
  std::uint32_t streak = 0;    ///< passes or failures in a row
  std::optional<Outcome> last;
  OutcomeCounts counts;
};

}  // namespace gslbd::health
