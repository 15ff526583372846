// SPDX-License-Identifier: Apache-2.0
#pragma once
// A world for the real engine: a clock that jumps from event to event, a scheduler on it, and a network whose
// every target behaves as told. The same seed gives the same run, event by event.
//
// Thread: one.

#include <map>
#include <unordered_map>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "health/check.h"
#include "health/check_type.h"
#include "health/scheduler.h"
#include "health/transport.h"

namespace gslbd::health::sim {

/// The type of check that this world's network probes; it has no options.
const CheckType* sim_check_type();

class SimScheduler final : public Scheduler {
 public:
  explicit SimScheduler(ManualClock& clock) : clock_(clock) {}
  TimerId run_at(MonotonicTime when, Callback callback) override {
    return timers_.add(when, std::move(callback));
  }
  void cancel(TimerId timer) override { timers_.cancel(timer); }

  /// Jumps from timer to timer up to `end`.
  void run_until(MonotonicTime end) {
    while (const auto next = timers_.next()) {
      if (*next > end) break;
      if (*next > clock_.now()) clock_.advance_to(*next);
      timers_.run_one(clock_.now());
    }
    clock_.advance_to(end);
  }

 private:
  ManualClock& clock_;
  TimerQueue timers_;
};

/// How a target answers.
enum class Behaviour { up, refused, blackholed, unreachable, slow, lossy, flapping, prober_starved };

/// What the network saw of one probe.
struct ProbeRecord {
  ProbeId id;
  Address address;
  MonotonicTime started;
};

/// Answers probes according to the behaviour of their address at the time they start. Some answers come from
/// inside start(), as real ones do.
class SimNetwork final : public Transport {
 public:
  SimNetwork(ManualClock& clock, SimScheduler& scheduler, std::uint64_t seed)
      : clock_(clock), scheduler_(scheduler), random_(seed) {}

  void behave(const Address& address, Behaviour behaviour) { behaviours_[address] = behaviour; }

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  void cancel(ProbeId id, const Check& check) override;

  /// The share of probes that a lossy target loses.
  void lose(double share) { loss_ = share; }

  const std::vector<ProbeRecord>& started() const { return started_; }
  std::size_t in_flight() const { return pending_.size(); }
  std::size_t most_in_flight() const { return most_in_flight_; }
  std::size_t most_per_address() const { return most_per_address_; }
  /// Probes that were answered or cancelled twice, or cancelled without having begun.
  std::size_t violations() const { return violations_; }

 private:
  struct Pending {
    Address address;
    TimerId timer;
  };

  void answer(ProbeId id, Duration after, Outcome outcome, ProbeListener& listener);
  void forget(ProbeId id);

  ManualClock& clock_;
  SimScheduler& scheduler_;
  Random random_;
  double loss_ = 0.3;
  std::map<Address, Behaviour> behaviours_;
  std::unordered_map<ProbeId, Pending> pending_;
  std::map<Address, std::size_t> per_address_;
  std::vector<ProbeRecord> started_;
  std::size_t most_in_flight_ = 0;
  std::size_t most_per_address_ = 0;
  std::size_t violations_ = 0;
};

}  // namespace gslbd::health::sim
