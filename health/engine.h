// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine: every target's schedule, probes and hysteresis. It knows neither sockets nor threads: clock,
// scheduler and transport are given to it, so that the simulator runs the same code as production.
//
// The life of a probe:
//   due -> admission (caps on probes in flight) -> transport.start -> outcome, or timeout and
//   transport.cancel
//       -> hysteresis -> verdict change reported -> next probe is due one interval after this one's start
//
// Invariants: at most one probe of a target is in flight; each probe has exactly one outcome; an outcome
// belongs to the target as it was planned when the probe began (a target that left the plan hears nothing
// more).
//
// Thread: one thread; callbacks come from the scheduler's and transport's callbacks and from apply().

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "health/admission.h"
#include "health/scheduler.h"
#include "health/target.h"
#include "health/transport.h"

namespace gslbd::health {

class Engine final : private ProbeListener {
 public:
  struct Options {
    std::size_t max_in_flight = 1024;
    std::size_t max_per_address = 8;
    std::uint64_t seed = 1;  ///< of the jitter
    /// What the targets of the first plan start from, instead of unknown.
    std::vector<RememberedVerdict> remembered = {};
  };
  struct Events {
    /// `status` holds the outcome that decided it. Neither event may call back into the engine.
    std::function<void(const VerdictChange& change, const TargetStatus& status)> on_change;
    /// Once: every target of the first apply() has a verdict, cannot get one (local trouble), or has left the
    /// plan.
    std::function<void()> on_first_round;
  };

  Engine(const Options& options, const Clock& clock, Scheduler& scheduler, Transport& transport,
         Events events);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The whole plan; see Monitor::apply().
  std::vector<Believed> apply(const std::vector<TargetSpec>& plan);
  std::vector<TargetStatus> status() const;
  std::size_t target_count() const { return targets_.size(); }
  std::size_t in_flight() const { return admission_.in_flight(); }

 private:
  struct Flight {
    ProbeId id = 0;  ///< 0: none
    MonotonicTime started{};
    TimerId timeout;
    bool spared = false;                 ///< its timeout has been put off once, see timed_out()
    std::shared_ptr<const Check> check;  ///< as it was at the start; keeps it alive
  };
  struct Target {
    TargetId id = 0;
    std::string key;  ///< fingerprint and address
    std::shared_ptr<const Check> check;
    Address address;
    std::uint64_t plan = 0;  ///< the last plan that named it
    HysteresisState state;
    WallTime since{};
    std::optional<Outcome> last;
    OutcomeCounts counts;
    TimerId due;
    Flight flight;
  };
  using Predecessors = std::unordered_map<std::string, std::pair<Verdict, WallTime>>;

  void probe_ended(ProbeId id, Outcome outcome) override;
  TargetId id_of(const std::string& key) const;
  Target& add(TargetId id, std::string key, const TargetSpec& spec, const Predecessors& predecessors);
  Predecessors remove_unplanned();
  void remove(Target& target);
  void schedule(Target& target, MonotonicTime when);
  bool start_probe(TargetId id);
  void timed_out(TargetId id);
  void conclude(Target& target, Outcome outcome);
  void schedule_next(Target& target, MonotonicTime last_start);
  void heard_from(TargetId id);
  static TargetStatus status_of(const Target& target);

  Options options_;
  const Clock& clock_;
  Scheduler& scheduler_;
  Transport& transport_;
  Events events_;
  Admission admission_;
  Random random_;
  std::unordered_map<TargetId, std::unique_ptr<Target>> targets_;
  std::unordered_map<ProbeId, TargetId> flights_;
  ProbeId last_probe_ = 0;
  std::uint64_t plan_ = 0;
  std::unordered_set<TargetId> unheard_;  ///< of the first plan; emptied by the first round
  bool first_round_over_ = false;
};

}  // namespace gslbd::health
