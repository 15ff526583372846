// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/sim_world.h"

#include <algorithm>

namespace gslbd::health::sim {

using namespace std::chrono_literals;

const CheckType* sim_check_type() {
  static constexpr CheckType kType{
      .name = "sim",
      .help = "a probe of the simulated network",
      .defaults = [] { return std::make_shared<CheckOptions>(); },
      .fields = {},
      .describe = [](const Check& c, std::string& out) { out += " " + c.name; },
      .make_transport = nullptr,
  };
  return &kType;
}

void SimNetwork::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  started_.push_back({id, address, clock_.now()});
  if (!pending_.emplace(id, Pending{address, {}}).second) ++violations_;
  most_in_flight_ = std::max(most_in_flight_, pending_.size());
  most_per_address_ = std::max(most_per_address_, ++per_address_[address]);

  const Duration round_trip = 1ms + std::chrono::microseconds(random_.below(20'000));
  switch (behaviours_[address]) {
    case Behaviour::up:
      return answer(id, round_trip, {}, listener);
    case Behaviour::refused:  // on loopback at once, else after a round trip
      return answer(id, random_.below(2) == 0 ? Duration(0) : round_trip, {Reason::refused, "refused"},
                    listener);
    case Behaviour::blackholed:
      return;
    case Behaviour::unreachable:
      return answer(id, Duration(0), {Reason::unreachable, "no route"}, listener);
    case Behaviour::slow:  // around the timeout: some pass, some do not
      return answer(id,
                    check.timeout / 2 + Duration(static_cast<Duration::rep>(
                                            static_cast<double>(check.timeout.count()) * random_.unit())),
                    {}, listener);
    case Behaviour::lossy:
      if (random_.unit() < loss_) return;
      return answer(id, round_trip, {}, listener);
    case Behaviour::flapping:
      return answer(id, round_trip, random_.below(2) == 0 ? Outcome{} : Outcome{Reason::reset, "reset"},
                    listener);
    case Behaviour::prober_starved:
      return answer(id, Duration(0), {Reason::resources, "no descriptors"}, listener);
  }
}

void SimNetwork::answer(ProbeId id, Duration after, Outcome outcome, ProbeListener& listener) {
  if (after == Duration(0)) {
    forget(id);
    return listener.probe_ended(id, std::move(outcome));
  }
  pending_.at(id).timer = scheduler_.run_at(clock_.now() + after, [this, id, outcome, &listener] {
    forget(id);
    listener.probe_ended(id, outcome);
  });
}

void SimNetwork::cancel(ProbeId id, const Check&) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) {
    ++violations_;
    return;
  }
  scheduler_.cancel(found->second.timer);
  forget(id);
}

void SimNetwork::forget(ProbeId id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) {
    ++violations_;
    return;
  }
  --per_address_[found->second.address];
  pending_.erase(found);
}

}  // namespace gslbd::health::sim
