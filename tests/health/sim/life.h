// SPDX-License-Identifier: Apache-2.0
#pragma once
// One life of the real engine in a world with a truth: sites, checks, faults and an operator drawn from a
// seed, and a referee who watches.
//
// Thread: one.

#include <cstdint>
#include <functional>
#include <string>

#include "core/time.h"
#include "health/event.h"
#include "health/target.h"
#include "tests/health/sim/faults.h"
#include "tests/health/sim/referee.h"

namespace gslbd::health::sim {

/// The kind of world; with a seed it is one world.
struct Plan {
  Duration length;
  Duration interval;  ///< about
  std::uint32_t sites;
  std::uint32_t per_site;
  Weather weather;
  bool reluctant = false;  ///< every check holds back what recovered: by damping, delay, or for an operator
};

/// What a life leaves behind for a test, beside the summary. Null: nothing.
struct Watchers {
  std::string* transcript = nullptr;  ///< every probe, event and change, a line each
  std::function<void(const Event&)> on_event{};
  std::function<void(const VerdictChange&, const TargetStatus&)> on_change{};
};

Summary live_through(const Plan& plan, std::uint64_t seed, const Watchers& watchers = {});

/// A month as it may be.
Plan month();
/// Four sites of two, and never a quiet quarter of an hour.
Plan stormy_hour();
/// Two sites with many members: they can only vouch for each other.
Plan two_sites();
/// Everything dies every minute or so, and nothing may come back at once.
Plan flapping_hour();

}  // namespace gslbd::health::sim
