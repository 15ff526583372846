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
#include <string>
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
    /// For the journal; see health/event.h.
    std::function<void(const Event&)> on_event = {};
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
  /// Waits for the health thread; std::runtime_error when that does not answer within kPatience (the plan may
  /// then still come into force: apply one again as soon as it is back).
  /// Thread: one, not the health thread.
  std::vector<Believed> apply(std::vector<TargetSpec> plan);
  /// What is believed of every target now. Errors as with apply(). Thread: any but the health thread.
  std::vector<Believed> believed() const;

  /// Brings back a target that passes its probes and is held down (failback, damping). False when there is
  /// none of that name that is, nullopt when the health thread does not answer (it may still happen).
  /// Thread: any but the health thread.
  std::optional<bool> resume(const std::string& check, const Address& address);
  /// Whether deaths are doubted when unrelated targets fall silent together. Thread: any.
  void set_self_doubt(bool on);

  /// A site says of itself how it is (checks of the type push). Thread: any.
  void heartbeat(const std::string& check, const Address& address, bool well, std::string detail);

  /// A copy, ordered by check and address. Waits for the health thread; when that does not answer within
  /// kPatience, the copy that was made last (silence() tells that it is old).
  /// Thread: any but the health thread.
  std::vector<TargetStatus> status() const;
  EngineStats stats() const;  ///< likewise

  /// How long the health thread has not shown that it runs; normally below a second. Thread: any.
  Duration silence() const;

  static constexpr std::chrono::seconds kPatience{5};

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gslbd::health
