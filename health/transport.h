// SPDX-License-Identifier: Apache-2.0
#pragma once
// The seam between the engine and the network: a transport makes one attempt and reports what became of it.
// It knows no schedule, no thresholds and no timeout (a probe that takes too long is cancelled from outside),
// so that the simulator can stand in its place.
//
// Contract: for every start(id) either the listener is called exactly once with that id, or cancel(id) was
// called before; never both. The call may come from inside start(). `check` and `listener` outlive the probe.
//
// Thread: one thread, the engine's.

#include <cstdint>
#include <optional>

#include "core/address.h"
#include "health/outcome.h"

namespace gslbd::health {

struct Check;

using ProbeId = std::uint64_t;  ///< never reused within an engine; 0 is none

class ProbeListener {
 public:
  /// `outcome` without duration and time, which the engine adds.
  virtual void probe_ended(ProbeId id, Outcome outcome) = 0;

 protected:
  ~ProbeListener() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) = 0;
  /// The time of a probe is up, and cancel() comes next: what to say of it, when the transport knows better
  /// than "no answer": how far it came (overdue.h), or that this machine is to blame.
  virtual std::optional<Outcome> overdue(ProbeId, const Check&) { return std::nullopt; }
  /// Ends a probe without an outcome. `check` is the one it was started with.
  virtual void cancel(ProbeId id, const Check& check) = 0;
};

}  // namespace gslbd::health
