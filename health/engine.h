// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine: every target's schedule, probes and belief. It knows neither sockets nor threads: clock,
// scheduler, transport and holder are given to it, so that the simulator runs the same code as production.
//
// The life of a probe:
//   due -> admission (caps on probes in flight) -> transport.start -> outcome, or timeout and
//   transport.cancel
//       -> belief (belief.h), doubted where the prober itself may be cut off (self_doubt.h)
//       -> verdict change reported -> next probe is due one interval after this one's start
//
// Invariants: at most one probe of a target is in flight; each probe has exactly one outcome; an outcome
// belongs to the target as it was planned when the probe began (a target that left the plan hears nothing
// more); a verdict for which no evidence comes in any more becomes unknown.
//
// Thread: one thread; callbacks come from the scheduler's, transport's and holder's callbacks and from
// apply() and resume().

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "health/admission.h"
#include "health/belief.h"
#include "health/engine_stats.h"
#include "health/event.h"
#include "health/hold.h"
#include "health/scheduler.h"
#include "health/self_doubt.h"
#include "health/target.h"
#include "health/transport.h"

namespace gslbd::health {

class Engine final : private ProbeListener, private HoldListener {
 public:
  struct Options {
    std::size_t max_in_flight = 1024;
    std::size_t max_per_address = 8;
    std::uint64_t seed = 1;  ///< of the jitter
    /// What the targets of the first plan start from, instead of unknown.
    std::vector<RememberedVerdict> remembered = {};
  };
  struct Events {
    /// `status` holds the outcome that decided it. No event may call back into the engine.
    std::function<void(const VerdictChange& change, const TargetStatus& status)> on_change;
    /// Once: every target of the first apply() has a verdict, cannot get one (local trouble), or has left the
    /// plan.
    std::function<void()> on_first_round;
    /// For the journal.
    std::function<void(const Event& event)> on_event = {};
  };

  /// `holder` may be null: then nothing is held.
  Engine(const Options& options, const Clock& clock, Scheduler& scheduler, Transport& transport,
         Events events, Holder* holder = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The whole plan; see Monitor::apply().
  std::vector<Believed> apply(const std::vector<TargetSpec>& plan);
  /// Brings back a target that waits for an operator. False when there is none of that name that waits.
  bool resume(const std::string& check, const Address& address);
  /// Whether deaths are doubted at all (on at first). What is doubted when it is switched off is believed
  /// with its next outcome.
  void set_self_doubt(bool on);

  std::vector<TargetStatus> status() const;
  /// The verdicts of all targets now, canaries left out.
  std::vector<Believed> believed() const;
  EngineStats stats() const;
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
    std::string site;
    bool canary = false;
    SelfDoubt::Group group = SelfDoubt::kCanaries;
    bool hopeful = false;    ///< counted as such by doubt_
    bool silent = false;     ///< the last outcome that counted was silence
    std::uint64_t plan = 0;  ///< the last plan that named it
    Belief belief;
    bool reported_pending = false;
    WallTime since{};
    MonotonicTime evidence{};  ///< when the last outcome that counted came in, or the target joined
    bool evidence_seen = false;
    MonotonicTime failing_since{};              ///< when the first probe of the failures in a row began
    std::optional<MonotonicTime> doubted_at{};  ///< when the doubt began that lasts
    std::optional<Outcome> last;
    OutcomeCounts counts;
    TimerId due;
    MonotonicTime due_at{};
    std::uint32_t burst = 0;            ///< probes that still follow each other at once
    bool at_once = false;               ///< the next probe follows the one in flight at once
    std::shared_ptr<const Check> held;  ///< set while a connection is held: what it is held for
    Flight flight;
  };
  struct Heritage {
    Belief belief;
    WallTime since;
  };
  /// IPv4 and IPv6 are two networks: either may be lost alone, and neither testifies for the other.
  struct Internet {
    SelfDoubt doubt;
    std::unordered_map<SelfDoubt::Group, std::set<TargetId>> groups;  ///< the targets that can witness
    std::set<TargetId> doubted;
    std::optional<WallTime> isolated_since;  ///< set while this prober is cut off from it
    MonotonicTime isolated_at{};
    MonotonicTime asked_at{};  ///< when witnesses were asked last
  };
  using Predecessors = std::unordered_map<std::string, Heritage>;
  /// What the targets of one plan are known by: the check's fingerprint and the address.
  class Keys {
   public:
    std::string of(const TargetSpec& spec);

   private:
    std::unordered_map<const Check*, std::string> fingerprints_;
  };
  struct PlannedKey {
    const Check* check;
    Address address;
    bool canary;
    bool operator==(const PlannedKey&) const = default;
  };
  struct PlannedKeyHash {
    std::size_t operator()(const PlannedKey& key) const noexcept {
      return AddressHash()(key.address) * 31 + std::hash<const void*>()(key.check) + (key.canary ? 1 : 0);
    }
  };

  // engine_plan.cc: which targets there are
  TargetId id_of(const std::string& key) const;
  Target* find_planned(const TargetSpec& spec, Keys& keys);
  Target& find_or_add(const TargetSpec& spec, Keys& keys, const Predecessors& predecessors);
  Target& add(TargetId id, std::string key, const TargetSpec& spec, const Predecessors& predecessors);
  void take_up(const RememberedVerdict& remembered, Predecessors& predecessors) const;
  Predecessors remove_unplanned();
  void remove(Target& target);
  void place(Target& target, const TargetSpec& spec);
  TargetStatus status_of(const Target& target) const;

  // engine.cc: the life of a probe
  void probe_ended(ProbeId id, Outcome outcome) override;
  void schedule(Target& target, MonotonicTime when);
  void probe_soon(Target& target);
  bool start_probe(TargetId id);
  void note_lateness(Duration late);
  void timed_out(TargetId id);
  void conclude(Target& target, Outcome outcome);
  bool confirms(const Target& target) const;
  void schedule_next(Target& target, MonotonicTime last_start);
  void heard_from(TargetId id);

  // engine_belief.cc: what follows from an outcome
  void believe(Target& target, const Check& check, MonotonicTime probe_started);
  bool credible(Target& target, const Check& check, MonotonicTime probe_started);
  void set_belief(Target& target, const Settled& settled);
  void count_doubted(Target& target);
  void changed(Target& target, Verdict from, const std::string& why);
  void report(Target& target, Verdict from, WallTime at);
  Internet& internet_of(const Target& target) { return internets_[target.address.is_v4() ? 0 : 1]; }
  const Internet& internet_of(const Target& target) const {
    return internets_[target.address.is_v4() ? 0 : 1];
  }
  void heard(const Target& target);
  void enter_isolation(Internet& internet);
  void leave_isolation(Internet& internet);
  void tell(EventKind kind, const Internet& internet, Duration lasted);
  void ask(Internet& internet, std::span<const SelfDoubt::Group> groups);
  void count_hopeful(Target& target);
  void no_longer_hopeful(Target& target);
  void hold_or_release(Target& target);
  void hold_lost(TargetId id, const std::string& why) override;
  void starving(const Target& target);
  void set_sweep();
  void sweep();
  void emit(EventKind kind, const Target& target, Verdict from, std::string detail);

  static constexpr Duration kStarvedFor = std::chrono::seconds(10);  ///< the alarm stays for this long

  Options options_;
  const Clock& clock_;
  Scheduler& scheduler_;
  Transport& transport_;
  Holder* const holder_;
  Events events_;
  Admission admission_;
  Random random_;
  std::unordered_map<TargetId, std::unique_ptr<Target>> targets_;
  std::unordered_map<PlannedKey, Target*, PlannedKeyHash> planned_;  ///< of the last plan
  std::unordered_map<ProbeId, TargetId> flights_;
  ProbeId last_probe_ = 0;
  std::uint64_t plan_ = 0;
  std::unordered_set<TargetId> unheard_;  ///< of the first plan; emptied by the first round
  bool first_round_over_ = false;

  bool self_doubt_on_ = true;
  Internet internets_[2];
  EngineStats stats_;  ///< what is counted as it happens; stats() adds the rest
  MonotonicTime starved_at_{};
  TimerId sweep_;
  Duration sweep_every_{};
  MonotonicTime sweep_due_{};
};

}  // namespace gslbd::health
