// SPDX-License-Identifier: Apache-2.0
#pragma once
// The referee of a simulated world: knows the truth, watches every probe from the network's side and every
// word of the engine, and says what the engine did that it has promised not to do. It shares no code with
// the engine's belief: it counts for itself.
//
// Thread: one.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "health/engine.h"
#include "tests/health/sim/faults.h"
#include "tests/health/sim/restraint.h"

namespace gslbd::health::sim {

/// What came of a life.
struct Summary {
  std::string complaint{};  ///< the first broken promise; empty: all were kept
  std::size_t probes = 0;
  std::size_t changes = 0;
  std::size_t isolations = 0;
  std::size_t expectations = 0;    ///< moments at which it was known what must be believed
  std::size_t held_back = 0;       ///< of those, when a target that was well had to be down
  std::size_t at_the_ceiling = 0;  ///< deaths after which damping held for as long as it may
  std::size_t holds_lost = 0;      ///< held connections that broke

  Summary& operator+=(const Summary& other);
};

/// No later than this after a fault of this kind began is the target down (referee_deadlines.cc tells why).
Duration bound_of_death(const Check& check, FaultKind kind);
/// No later than this after the last fault ended is it up, if nothing holds it back.
Duration bound_of_recovery(const Check& check);

class Referee {
 public:
  Referee(const Truth& truth, const Clock& clock, std::string* transcript)
      : truth_(truth), clock_(clock), transcript_(transcript) {}

  void plan(const std::vector<TargetSpec>& plan, const std::vector<Believed>& believed);

  // From the network.
  void probe_began(const Check& check, const Address& address);
  void probe_ended(const Check& check, const Address& address, Reason reason);
  void hold_broke(const Check& check, const Address& address);

  // From the engine.
  void on_change(const VerdictChange& change, const TargetStatus& status);
  void on_event(const Event& event);

  // An operator resumes a target: told before, and again with what the engine said to it.
  void resume(const std::string& check, const Address& address);
  void resumed(const std::string& check, const Address& address, bool did);

  /// At the times of due(): what must be believed of a target by now.
  struct Deadline {
    MonotonicTime at;
    std::string check;
    Address address;
    Verdict wanted;
    MonotonicTime since;  ///< the fault began, or ended
  };
  /// Every moment by which the engine must have noticed something.
  std::vector<Deadline> deadlines() const;
  void expect(const Deadline& deadline, const std::vector<TargetStatus>& status);

  const Summary& summary() const { return summary_; }
  const std::string& complaint() const { return summary_.complaint; }

 private:
  struct Seen {
    std::shared_ptr<const Check> check;
    Restraint restraint;
    Verdict verdict = Verdict::unknown;
    std::uint32_t passes = 0;    ///< in a row
    std::uint32_t failures = 0;  ///< in a row
    bool in_flight = false;
    std::optional<MonotonicTime> last_start{};
    MonotonicTime last_end{};
    MonotonicTime evidence{};
    std::uint32_t burst = 0;    ///< probes that have to follow at once
    MonotonicTime burst_due{};  ///< the next of them, unless one is in flight
    bool held_when_asked = false;

    bool well() const { return passes >= check->rise; }
  };
  using Key = std::pair<std::string, Address>;

  void complain(const Key& key, const std::string& what);
  void note(const std::string& line);
  void judge_start(const Key& key, const Seen& seen);
  void judge_release(const Key& key, const Seen& seen);
  void judge_death(const Key& key, Seen& seen, const TargetStatus& status);
  void judge_return(const Key& key, const Seen& seen, Verdict from);
  void expect_up(const Deadline& deadline, const TargetStatus& status);
  bool witness_left(const Address& address) const;
  bool somebody_well_elsewhere(const Address& address, MonotonicTime a, MonotonicTime b) const;

  const Truth& truth_;
  const Clock& clock_;
  std::string* const transcript_;
  std::map<Key, Seen> targets_;
  std::optional<Event> journal_;  ///< the last event about a verdict: the evidence of the next change
  Key last_ended_;
  std::map<Address, std::string> sites_;
  Summary summary_;
};

}  // namespace gslbd::health::sim
