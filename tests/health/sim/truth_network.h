// SPDX-License-Identifier: Apache-2.0
#pragma once
// The network of a world with a truth (faults.h): probes are answered as the truth of their moment has it,
// held connections break when a process goes. A connection whose far side is gone without a word stays, half
// open, until keep-alives tell. Everything is told to the referee.
//
// Thread: one.

#include <map>
#include <unordered_map>

#include "health/hold.h"
#include "tests/health/sim/referee.h"
#include "tests/health/sim/sim_world.h"

namespace gslbd::health::sim {

class TruthNetwork final : public Transport, public Holder {
 public:
  TruthNetwork(const Truth& truth, ManualClock& clock, SimScheduler& scheduler, Referee& referee,
               std::uint64_t seed)
      : truth_(truth), clock_(clock), scheduler_(scheduler), referee_(referee), random_(seed) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  void cancel(ProbeId id, const Check& check) override;

  void hold(TargetId id, const Check& check, const Address& address, HoldListener& listener) override;
  void release(TargetId id) override;

 private:
  struct Pending {
    Address address;
    TimerId timer;
  };
  /// A held connection, or the attempts to make it again.
  struct Held {
    const Check* check;
    Address address;
    HoldListener* listener;
    TimerId timer;
    bool half_open = false;        ///< the far side has forgotten it
    std::uint32_t unanswered = 0;  ///< keep-alives
  };

  void answer(ProbeId id, const Check& check, Duration after, Outcome outcome, ProbeListener& listener);

  bool unplugged() const { return truth_.any(truth_.unplugged, clock_.now(), clock_.now() + Duration(1)); }
  bool hears_nothing_of(const Address& address) const;
  void connect(TargetId id);
  void wait_for_trouble(TargetId id);
  void trouble(TargetId id, bool tired);
  void send_keep_alive(TargetId id);
  void lose(TargetId id, const std::string& why);
  void later(TargetId id, MonotonicTime when, void (TruthNetwork::*step)(TargetId));

  const Truth& truth_;
  ManualClock& clock_;
  SimScheduler& scheduler_;
  Referee& referee_;
  Random random_;
  std::unordered_map<ProbeId, Pending> pending_;
  std::map<TargetId, Held> held_;
};

}  // namespace gslbd::health::sim
