// SPDX-License-Identifier: Apache-2.0
// The life of a probe, from its due time to what it means.
#include "health/engine.h"

#include <algorithm>
#include <utility>

#include "health/overdue.h"

namespace gslbd::health {
namespace {

// A timeout that fires this late means that this process, not the target, was slow.
constexpr Duration kHeldUp = std::chrono::milliseconds(50);

// Between the probes of a burst: long enough to see a listener go, short enough to be done in a blink.
constexpr Duration kBurstGap = std::chrono::milliseconds(5);

Duration scaled(Duration d, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * factor));
}

}  // namespace

Engine::Engine(const Options& options, const Clock& clock, Scheduler& scheduler, Transport& transport,
               Events events, Holder* holder)
    : options_(options),
      clock_(clock),
      scheduler_(scheduler),
      transport_(transport),
      holder_(holder),
      events_(std::move(events)),
      admission_(options.max_in_flight, options.max_per_address,
                 [this](TargetId id) { return start_probe(id); }),
      random_(options.seed) {}

Engine::~Engine() {
  events_ = {};
  scheduler_.cancel(sweep_);
  for (auto& [id, target] : targets_) {
    if (target->held) holder_->release(id);
    scheduler_.cancel(target->due);
    if (target->flight.id == 0) continue;
    scheduler_.cancel(target->flight.timeout);
    transport_.cancel(target->flight.id, *target->flight.check);
  }
}

void Engine::schedule(Target& target, MonotonicTime when) {
  target.due_at = when;
  target.due = scheduler_.run_at(when, [this, id = target.id] {
    Target& due = *targets_.at(id);
    due.due = {};
    admission_.request(id, due.address);
  });
}

// As soon as may be: not while a probe is in flight, but right after it.
void Engine::probe_soon(Target& target) {
  if (target.flight.id != 0) {
    target.at_once = true;
  } else if (target.due != TimerId{} && target.due_at > clock_.now()) {
    scheduler_.cancel(target.due);
    schedule(target, clock_.now());
  }
}

bool Engine::start_probe(TargetId id) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return false;
  Target& target = *found->second;
  if (target.flight.id != 0 || target.due != TimerId{})
    return false;  // left the plan while waiting, and came back
  const MonotonicTime now = clock_.now();
  note_lateness(now - target.due_at);
  target.evidence += now - target.due_at;  // time in line is nobody's age
  const std::shared_ptr<const Check> check = target.check;
  const ProbeId probe = ++last_probe_;
  const TimerId timeout = scheduler_.run_at(now + check->timeout, [this, id] { timed_out(id); });
  target.flight = {probe, now, timeout, false, check};
  flights_.emplace(probe, id);
  transport_.start(probe, *check, target.address,
                   *this);  // may end the probe, and change everything, at once
  return true;
}

void Engine::note_lateness(Duration late) {
  const auto bound = std::lower_bound(kLatenessBounds.begin(), kLatenessBounds.end(), late);
  ++stats_.lateness_buckets[static_cast<std::size_t>(bound - kLatenessBounds.begin())];
  stats_.lateness_sum += std::max(late, Duration{0});
}

void Engine::probe_ended(ProbeId id, Outcome outcome) {
  const auto found = flights_.find(id);
  if (found == flights_.end()) return;  // cancelled: a transport that reports it nevertheless is not believed
  Target& target = *targets_.at(found->second);
  scheduler_.cancel(target.flight.timeout);
  conclude(target, std::move(outcome));
}

// When the whole process was held up (stopped, starved of CPU), answers may lie in the sockets unread. Their
// readers get one turn before the verdict, or every target would fail for our own pause.
void Engine::timed_out(TargetId id) {
  Target& target = *targets_.at(id);
  const MonotonicTime now = clock_.now();
  const MonotonicTime deadline = target.flight.started + target.flight.check->timeout;
  if (now - deadline > kHeldUp && !target.flight.spared) {
    target.flight.spared = true;
    target.flight.timeout = scheduler_.run_at(now + kHeldUp, [this, id] { timed_out(id); });
    return;
  }
  const Check& check = *target.flight.check;
  auto outcome = transport_.overdue(target.flight.id, check);
  if (!outcome) outcome = health::overdue({}, "answer", check.timeout);
  transport_.cancel(target.flight.id, check);
  conclude(target, std::move(*outcome));
}

void Engine::conclude(Target& target, Outcome outcome) {
  const TargetId id = target.id;
  const Flight flight = std::exchange(target.flight, {});
  flights_.erase(flight.id);
  outcome.duration = clock_.now() - flight.started;
  outcome.at = clock_.wall_now();
  target.counts.add(outcome);
  const bool another = !target.last || target.last->reason != outcome.reason;
  target.last = std::move(outcome);
  believe(target, *flight.check, flight.started);
  if (another) emit(EventKind::outcome, target, target.belief.verdict, target.last->detail);
  schedule_next(target, flight.started);
  // Local trouble never leads to a verdict, doubt perhaps not: waiting for one would be waiting for nothing.
  if (target.belief.verdict != Verdict::unknown || target.belief.doubted() ||
      is_local_trouble(target.last->reason)) {
    heard_from(id);
  }
  admission_.release(target.address);  // last: it may start other probes, which may end at once
}

// A change is under way, and the next outcome counts. While the prober is cut off none does: what is frozen
// is probed as ever, at its own moments, or thousands would beat in one confirm interval, for nothing.
bool Engine::confirms(const Target& target) const {
  return target.belief.pending() && !(target.hopeful && internet_of(target).isolated_since);
}

void Engine::schedule_next(Target& target, MonotonicTime last_start) {
  const Check& check = *target.check;
  const MonotonicTime now = clock_.now();
  if (target.belief.verdict == Verdict::down) target.burst = 0;
  if (std::exchange(target.at_once, false)) return schedule(target, now);
  if (target.burst > 0) {
    --target.burst;
    return schedule(target, now + std::min(kBurstGap, check.confirm_interval));
  }
  const Duration interval = confirms(target) ? check.confirm_interval : check.interval;
  const double stretch = 1.0 + check.jitter * (2.0 * random_.unit() - 1.0);
  MonotonicTime next = std::max(last_start + scaled(interval, stretch), now);
  // What is held down for a time comes back when that is over, not an interval later.
  if (const auto left = held_back_for(target.belief, check, now)) next = std::min(next, now + *left);
  schedule(target, next);
}

/// 0 stands for nobody: only looks whether the round is over.
void Engine::heard_from(TargetId id) {
  if (first_round_over_) return;
  unheard_.erase(id);
  if (!unheard_.empty() || plan_ == 0) return;
  first_round_over_ = true;
  if (events_.on_first_round) events_.on_first_round();
}

}  // namespace gslbd::health
