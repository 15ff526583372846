// SPDX-License-Identifier: Apache-2.0
#include "health/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "health/check_type.h"

namespace gslbd::health {
namespace {

// First probes are spread over at most this: the first round ends soon and yet nobody is hit by a herd.
constexpr Duration kLongestSpread = std::chrono::seconds(1);

// A timeout that fires this late means that this process, not the target, was slow.
constexpr Duration kHeldUp = std::chrono::milliseconds(50);

std::uint64_t hash_of(std::string_view text) {  // FNV-1a, finished with one round of splitmix64
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return Random(h).next();
}

Duration scaled(Duration d, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * factor));
}

/// Under which a target that replaces another finds it again: the check may have been edited.
std::string succession_key(const std::string& check_name, const Address& address) {
  return fmt::format("{} {}", address.to_string(), check_name);
}

}  // namespace

Engine::Engine(const Options& options, const Clock& clock, Scheduler& scheduler, Transport& transport,
               Events events)
    : options_(options),
      clock_(clock),
      scheduler_(scheduler),
      transport_(transport),
      events_(std::move(events)),
      admission_(options.max_in_flight, options.max_per_address,
                 [this](TargetId id) { return start_probe(id); }),
      random_(options.seed) {}

Engine::~Engine() {
  events_ = {};
  for (auto& [id, target] : targets_) {
    scheduler_.cancel(target->due);
    if (target->flight.id == 0) continue;
    scheduler_.cancel(target->flight.timeout);
    transport_.cancel(target->flight.id, *target->flight.check);
  }
}

std::vector<Believed> Engine::apply(const std::vector<TargetSpec>& plan) {
  ++plan_;
  // Pass 1: who stays. Only then is it known who goes, and whose successor a new one may be.
  std::unordered_map<const Check*, std::string> fingerprints;
  std::vector<std::string> keys;
  keys.reserve(plan.size());
  for (const TargetSpec& spec : plan) {
    std::string& fingerprint = fingerprints[spec.check.get()];
    if (fingerprint.empty()) fingerprint = spec.check->fingerprint();
    keys.push_back(fingerprint + " @" + spec.address.to_string());
    const auto found = targets_.find(id_of(keys.back()));
    if (found == targets_.end() || found->second->plan == plan_) continue;
    found->second->plan = plan_;
    found->second->check = spec.check;  // the same probe, but the name may have changed
  }
  Predecessors predecessors = remove_unplanned();
  for (const RememberedVerdict& r : std::exchange(options_.remembered, {})) {
    predecessors[succession_key(r.check, r.address)] = {r.verdict, r.since};
  }
  std::vector<Believed> believed;
  believed.reserve(plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const TargetId id = id_of(keys[i]);
    const auto found = targets_.find(id);
    const Target& target =
        found != targets_.end() ? *found->second : add(id, std::move(keys[i]), plan[i], predecessors);
    believed.push_back({id, target.state.verdict});
  }
  heard_from(0);
  return believed;
}

// The hash of what the target is; on a collision with a living target of another kind, the next free number.
TargetId Engine::id_of(const std::string& key) const {
  for (TargetId id = hash_of(key);; ++id) {
    if (id == 0) continue;
    const auto found = targets_.find(id);
    if (found == targets_.end() || found->second->key == key) return id;
  }
}

Engine::Target& Engine::add(TargetId id, std::string key, const TargetSpec& spec,
                            const Predecessors& predecessors) {
  auto made = std::make_unique<Target>();
  Target& target = *made;
  target.id = id;
  target.key = std::move(key);
  target.check = spec.check;
  target.address = spec.address;
  target.plan = plan_;
  target.since = clock_.wall_now();
  const auto predecessor = predecessors.find(succession_key(spec.check->name, spec.address));
  if (predecessor != predecessors.end()) {
    target.state.verdict = predecessor->second.first;
    target.since = predecessor->second.second;
  }
  targets_.emplace(id, std::move(made));
  if (plan_ == 1) unheard_.insert(id);
  const Duration spread = std::min(spec.check->interval, kLongestSpread);
  schedule(target, clock_.now() +
                       Duration(static_cast<Duration::rep>(id % static_cast<std::uint64_t>(spread.count()))));
  return target;
}

// In two steps: ending a probe makes room for another, which must not be one of a target about to go.
Engine::Predecessors Engine::remove_unplanned() {
  Predecessors predecessors;
  std::vector<std::unique_ptr<Target>> gone;
  for (auto it = targets_.begin(); it != targets_.end();) {
    if (it->second->plan == plan_) {
      ++it;
      continue;
    }
    gone.push_back(std::move(it->second));
    it = targets_.erase(it);
  }
  for (const auto& target : gone) {
    predecessors[succession_key(target->check->name, target->address)] = {target->state.verdict,
                                                                          target->since};
    unheard_.erase(target->id);
    remove(*target);
  }
  return predecessors;
}

// Its place in a waiting line, if it has one, turns void by itself: start_probe() no longer finds it.
void Engine::remove(Target& target) {
  scheduler_.cancel(target.due);
  if (target.flight.id == 0) return;
  scheduler_.cancel(target.flight.timeout);
  transport_.cancel(target.flight.id, *target.flight.check);
  flights_.erase(target.flight.id);
  admission_.release(target.address);
}

void Engine::schedule(Target& target, MonotonicTime when) {
  target.due = scheduler_.run_at(when, [this, id = target.id] {
    Target& due = *targets_.at(id);
    due.due = {};
    admission_.request(id, due.address);
  });
}

bool Engine::start_probe(TargetId id) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return false;
  Target& target = *found->second;
  if (target.flight.id != 0 || target.due != TimerId{})
    return false;  // left the plan while waiting, and came back
  const MonotonicTime now = clock_.now();
  const std::shared_ptr<const Check> check = target.check;
  const ProbeId probe = ++last_probe_;
  const TimerId timeout = scheduler_.run_at(now + check->timeout, [this, id] { timed_out(id); });
  target.flight = {probe, now, timeout, false, check};
  flights_.emplace(probe, id);
  transport_.start(probe, *check, target.address,
                   *this);  // may end the probe, and change everything, at once
  return true;
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
    target.flight.timeout = scheduler_.run_at(now, [this, id] { timed_out(id); });
    return;
  }
  transport_.cancel(target.flight.id, *target.flight.check);
  conclude(target, {Reason::timeout, "no answer within " + format_duration(target.flight.check->timeout)});
}

void Engine::conclude(Target& target, Outcome outcome) {
  const Flight flight = std::exchange(target.flight, {});
  flights_.erase(flight.id);
  outcome.duration = clock_.now() - flight.started;
  outcome.at = clock_.wall_now();
  target.counts.add(outcome);
  const auto [state, transition] =
      apply_outcome(target.state, outcome.reason, flight.check->rise, flight.check->fall);
  target.state = state;
  target.last = std::move(outcome);
  if (transition) target.since = target.last->at;
  schedule_next(target, flight.started);
  const TargetId id = target.id;
  if (transition && events_.on_change) {
    events_.on_change({id, transition->from, transition->to, target.since}, status_of(target));
  }
  // Local trouble never leads to a verdict: waiting for one would be waiting for nothing.
  if (target.state.verdict != Verdict::unknown || is_local_trouble(target.last->reason)) heard_from(id);
  admission_.release(target.address);  // last: it may start other probes, which may end at once
}

void Engine::schedule_next(Target& target, MonotonicTime last_start) {
  const Check& check = *target.check;
  const Duration interval = target.state.pending() ? check.confirm_interval : check.interval;
  const double stretch = 1.0 + check.jitter * (2.0 * random_.unit() - 1.0);
  schedule(target, std::max(last_start + scaled(interval, stretch), clock_.now()));
}

/// 0 stands for nobody: only looks whether the round is over.
void Engine::heard_from(TargetId id) {
  if (first_round_over_) return;
  unheard_.erase(id);
  if (!unheard_.empty() || plan_ == 0) return;
  first_round_over_ = true;
  if (events_.on_first_round) events_.on_first_round();
}

TargetStatus Engine::status_of(const Target& t) {
  return {t.id,
          t.check->name,
          std::string(t.check->type->name),
          t.address,
          t.state.verdict,
          t.since,
          t.state.pending(),
          t.state.streak_passes,
          t.state.streak,
          t.last,
          t.counts};
}

std::vector<TargetStatus> Engine::status() const {
  std::vector<TargetStatus> all;
  all.reserve(targets_.size());
  for (const auto& [id, target] : targets_) all.push_back(status_of(*target));
  std::sort(all.begin(), all.end(), [](const TargetStatus& a, const TargetStatus& b) {
    return std::tie(a.check, a.address, a.id) < std::tie(b.check, b.address, b.id);
  });
  return all;
}

}  // namespace gslbd::health
