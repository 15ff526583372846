// SPDX-License-Identifier: Apache-2.0
#pragma once
// The monitor: what the server sees of this room. It owns the health thread, on which the engine probes the
// targets of the current plan and from which changes of verdict are reported.
//
// Invariants: a target keeps its state and schedule for as long as it is in the plan, whatever else changes;
// nothing that is not in the plan is probed.
//
// Thread: see each function.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "health/engine.h"
#include "health/target.h"

namespace gslbd::health {

class Monitor {
 public:
  using Options = Engine::Options;

  /// Called on the health thread; they must not block, nor call the monitor.
  struct Events {
    /// Changes that came together, in their order; those of targets that have just left the plan may be among
    /// them.
    std::function<void(std::span<const VerdictChange>)> on_change;
    /// Once: every target of the first plan has a verdict (or cannot get one, or has left the plan). At once
    /// for an empty plan.
    std::function<void()> on_first_round;
  };

  /// Starts the health thread. Throws std::runtime_error when the system gives no event loop.
  Monitor(const Options& options, Events events);
  /// Stops all probes and joins the thread; no event is called afterwards.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// The whole plan: targets that are new start, those that are gone stop, unchanged ones keep their state
  /// and schedule. A target whose check was edited (same check name, same address) starts from its
  /// predecessor's verdict: a dead site must not come alive because its interval was changed. Duplicates
  /// share a target. The answer is in the plan's order; every change reported before it is contained in it.
  /// Waits for the health thread. Thread: one, not the health thread.
  std::vector<Believed> apply(std::vector<TargetSpec> plan);

  /// A site says of itself how it is (checks of the type push). Thread: any.
  void heartbeat(const std::string& check, const Address& address, bool well, std::string detail);

  /// A copy, ordered by check and address. Waits for the health thread.
  /// Thread: any but the health thread.
  std::vector<TargetStatus> status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslbd::health
