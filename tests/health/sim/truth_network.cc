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

void TruthNetwork::hold(TargetId id, const Check& check, const Address& address, HoldListener& listener) {
  held_[id] = {&check, address, &listener, {}};
  connect(id);
}

void TruthNetwork::release(TargetId id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  scheduler_.cancel(found->second.timer);
  held_.erase(found);
}

void TruthNetwork::later(TargetId id, MonotonicTime when, void (TruthNetwork::*step)(TargetId)) {
  held_.at(id).timer = scheduler_.run_at(when, [this, id, step] { (this->*step)(id); });
}

bool TruthNetwork::hears_nothing_of(const Address& address) const {
  const Fault* fault = truth_.fault_of(address, clock_.now());
  return unplugged() || (fault != nullptr && fault->kind == FaultKind::silent);
}

// Attempts that fail are not told.
void TruthNetwork::connect(TargetId id) {
  Held& held = held_.at(id);
  held.half_open = false;
  held.unanswered = 0;
  const Fault* fault = truth_.fault_of(held.address, clock_.now());
  const bool refused = fault != nullptr && fault->kind == FaultKind::refused;
  if (refused || hears_nothing_of(held.address)) return later(id, clock_.now() + 1s, &TruthNetwork::connect);
  wait_for_trouble(id);
}

// The next time anything happens to the connection: the process goes, a cable is pulled, somebody forgets,
// or the server tires of it.
void TruthNetwork::wait_for_trouble(TargetId id) {
  Held& held = held_.at(id);
  const MonotonicTime now = clock_.now();
  const MonotonicTime tired = now + std::chrono::seconds(20 + random_.below(120));
  MonotonicTime when = tired;
  const auto sooner = [&](MonotonicTime t) {
    if (t > now) when = std::min(when, t);
  };
  for (const Fault& f : truth_.faults.at(held.address)) {
    if (f.kind == FaultKind::refused || f.kind == FaultKind::silent) sooner(f.when.from);
  }
  for (const Span& s : truth_.unplugged) sooner(s.from);
  if (const auto found = truth_.forgotten.find(held.address); found != truth_.forgotten.end()) {
    for (const MonotonicTime t : found->second) sooner(t);
  }
  held.timer = scheduler_.run_at(when, [this, id, is_tired = when == tired] { trouble(id, is_tired); });
}

void TruthNetwork::trouble(TargetId id, bool tired) {
  Held& held = held_.at(id);
  const Fault* fault = truth_.fault_of(held.address, clock_.now());
  const bool refused = fault != nullptr && fault->kind == FaultKind::refused;
  const bool silence = hears_nothing_of(held.address);
  if (refused && !silence) return lose(id, "connection reset by the peer");
  if (tired && !silence) return lose(id, "closed by the peer");
  // What the peer says now is lost, or it says nothing: the connection is half open.
  held.half_open = refused || tired || !silence;
  const auto quiet = std::clamp<Duration>(held.check->interval, 1s, 60s);
  later(id, clock_.now() + quiet / 100 * (1 + random_.below(100)), &TruthNetwork::send_keep_alive);
}

void TruthNetwork::send_keep_alive(TargetId id) {
  Held& held = held_.at(id);
  // Of those who forgot, a machine answers with a reset, a firewall not at all.
  const bool ignored = held.half_open && random_.below(2) == 0;
  if (ignored || hears_nothing_of(held.address)) {
    if (++held.unanswered == 2) return lose(id, "no answer to keep-alives");
    return later(id, clock_.now() + 1s, &TruthNetwork::send_keep_alive);
  }
  if (held.half_open) return lose(id, "connection reset by the peer");
  held.unanswered = 0;
  wait_for_trouble(id);
}

void TruthNetwork::lose(TargetId id, const std::string& why) {
  const Held held = held_.at(id);
  later(id, clock_.now() + 1s, &TruthNetwork::connect);
  referee_.hold_broke(*held.check, held.address);
  held.listener->hold_lost(id, why);
}

}  // namespace gslbd::health::sim
