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

namespace gslbd::health::sim {

class Referee {
 public:
  Referee(const Truth& truth, const Clock& clock) : truth_(truth), clock_(clock) {}

  void plan(const std::vector<TargetSpec>& plan, const std::vector<Believed>& believed);

  // From the network.
  void probe_began(const Check& check, const Address& address);
  void probe_ended(const Check& check, const Address& address, Reason reason);

  // From the engine.
  void on_change(const VerdictChange& change, const TargetStatus& status);
  void on_event(const Event& event);

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

  /// The first broken promise; empty when all were kept.
  const std::string& complaint() const { return complaint_; }
  std::size_t changes() const { return changes_; }
  std::size_t isolations() const { return isolations_.size(); }
  std::size_t expectations() const { return expectations_; }
  std::size_t probes() const { return probes_; }

 private:
  struct Seen {
    std::shared_ptr<const Check> check;
    Verdict verdict = Verdict::unknown;
    std::uint32_t passes = 0;    ///< in a row
    std::uint32_t failures = 0;  ///< in a row
    bool in_flight = false;
    std::optional<MonotonicTime> last_start{};
    MonotonicTime evidence{};
  };
  using Key = std::pair<std::string, Address>;

  void complain(const Key& key, const std::string& what);
  bool witness_left(const Address& address) const;
  bool somebody_well_elsewhere(const Address& address, MonotonicTime a, MonotonicTime b) const;

  const Truth& truth_;
  const Clock& clock_;
  std::map<Key, Seen> targets_;
  std::optional<Event> journal_;  ///< the last event about a verdict: the evidence of the next change
  Key last_ended_;
  std::map<Address, std::string> sites_;
  std::vector<Span> isolations_;
  std::string complaint_;
  std::size_t changes_ = 0;
  std::size_t expectations_ = 0;
  std::size_t probes_ = 0;
};

}  // namespace gslbd::health::sim
