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
  Verdict verdict = Verdict::unknown;
  WallTime since{};            ///< when the verdict was reached
  bool pending = false;        ///< a change of verdict is under way
  bool streak_passes = false;  ///< what the streak is made of
  std::uint32_t streak = 0;    ///< passes or failures in a row
  std::optional<Outcome> last;
  OutcomeCounts counts;
};

}  // namespace gslbd::health
