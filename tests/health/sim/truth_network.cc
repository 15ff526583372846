// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/truth_network.h"

#include <algorithm>

namespace gslbd::health::sim {

using namespace std::chrono_literals;

void TruthNetwork::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  referee_.probe_began(check, address);
  pending_.emplace(id, Pending{address, {}});
  const MonotonicTime now = clock_.now();
  if (truth_.any(truth_.starved, now, now + 1ns)) {
    return answer(id, check, Duration(0), {Reason::resources, "no descriptors"}, listener);
  }
  const Duration round_trip = 1ms + std::chrono::microseconds(random_.below(30'000));
  if (truth_.any(truth_.unplugged, now, now + round_trip)) {
    // A cable that is out is noticed at once by some kernels, and by others not at all.
    if (random_.below(2) != 0) return;
    return answer(id, check, Duration(0), {Reason::unreachable, "no route"}, listener);
  }
  const Fault* fault = truth_.fault_of(address, now);
  if (fault == nullptr) return answer(id, check, round_trip, {}, listener);
  switch (fault->kind) {
    case FaultKind::refused:
      return answer(id, check, round_trip, {Reason::refused, "refused"}, listener);
    case FaultKind::silent:
      return;
    case FaultKind::slow: {
      const double part = 0.5 + random_.unit();
      const Duration late(static_cast<Duration::rep>(static_cast<double>(check.timeout.count()) * part));
      return answer(id, check, late, {}, listener);
    }
    case FaultKind::lossy:
      if (random_.unit() < fault->share) return;
      return answer(id, check, round_trip, {}, listener);
    case FaultKind::erratic:
      return answer(id, check, round_trip,
                    random_.unit() < fault->share ? Outcome{Reason::status, "HTTP 500"} : Outcome{},
                    listener);
  }
}

void TruthNetwork::answer(ProbeId id, const Check& check, Duration after, Outcome outcome,
                          ProbeListener& listener) {
  const Address address = pending_.at(id).address;
  const auto deliver = [this, id, address, &check, outcome, &listener] {
    pending_.erase(id);
    referee_.probe_ended(check, address, outcome.reason);
    listener.probe_ended(id, outcome);
  };
  if (after == Duration(0)) return deliver();
  pending_.at(id).timer = scheduler_.run_at(clock_.now() + after, deliver);
}

// The engine cancels what has taken too long.
void TruthNetwork::cancel(ProbeId id, const Check& check) {
  const auto found = pending_.find(id);
  scheduler_.cancel(found->second.timer);
  referee_.probe_ended(check, found->second.address, Reason::timeout);
  pending_.erase(found);
}

void TruthNetwork::hold(TargetId id, const Check&, const Address& address, HoldListener& listener) {
  held_[id] = {address, &listener, {}};
  wait_for_break(id);
}

void TruthNetwork::release(TargetId id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  scheduler_.cancel(found->second.timer);
  held_.erase(found);
}

// The next time the process goes, or the server tires of an idle connection, the connection breaks.
void TruthNetwork::wait_for_break(TargetId id) {
  Held& held = held_.at(id);
  MonotonicTime when = clock_.now() + std::chrono::seconds(20 + random_.below(120));
  for (const Fault& f : truth_.faults.at(held.address)) {
    if (f.kind == FaultKind::refused && f.when.from > clock_.now()) when = std::min(when, f.when.from);
  }
  held.timer = scheduler_.run_at(when, [this, id] {
    HoldListener& listener = *held_.at(id).listener;
    wait_for_break(id);
    listener.hold_lost(id, "closed by the peer");
  });
}

}  // namespace gslbd::health::sim
