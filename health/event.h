// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happened in the health room, as the journal and the hooks are told: one value for each thing that
// changed something. Probes that change nothing are counted, not told.
//
// Thread: values; any.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/address.h"
#include "core/time.h"
#include "health/hysteresis.h"
#include "health/outcome.h"

namespace gslbd::health {

enum class EventKind : std::uint8_t {
  outcome,    ///< the first outcome of a streak, or a failure for another reason than the one before
  verdict,    ///< a verdict changed: from -> to; reason and detail are those of the outcome that decided it
  held_down,  ///< a change to up is held back: detail says by what (flap damping, failback)
  hold_lost,  ///< a held connection broke: probes follow at once
  stale,      ///< a verdict was too old to be believed and became unknown
  starved,    ///< probes fail for want of local resources; address and check are those of one of them
  isolated,   ///< this prober is cut off from the family: its verdicts are frozen. No check, no address
  connected,  ///< it is no longer cut off from the family
};

/// "verdict", "held_down": stable, for the journal.
std::string_view event_kind_name(EventKind kind);

struct Event {
  EventKind kind = EventKind::outcome;
  WallTime at{};
  std::string check{};
  Address address{};
  std::string site{};  ///< the target's; empty: none
  Verdict from = Verdict::unknown;
  Verdict to = Verdict::unknown;
  Reason reason = Reason::pass;
  std::string detail{};
  Duration duration{0};     ///< of the probe
  std::uint32_t streak{0};  ///< passes or failures in a row, this one included
  std::string family{};     ///< of isolated and connected: "ipv4" or "ipv6"
  bool canary = false;      ///< about a canary: nobody steers by it
};

}  // namespace gslbd::health
