// SPDX-License-Identifier: Apache-2.0
// The engine's plan: which targets there are, what new ones start from, and how each is shown.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "health/check_type.h"
#include "health/engine.h"

namespace gslbd::health {
namespace {

// First probes are spread over at most this: the first round ends soon and yet nobody is hit by a herd.
constexpr Duration kLongestSpread = std::chrono::seconds(1);

std::uint64_t hash_of(std::string_view text) {  // FNV-1a, finished with one round of splitmix64
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return Random(h).next();
}

/// Under which a target that replaces another finds it again: the check may have been edited.
std::string succession_key(const std::string& check_name, const Address& address) {
  return fmt::format("{} {}", address.to_string(), check_name);
}

}  // namespace

std::vector<Believed> Engine::apply(const std::vector<TargetSpec>& plan) {
  ++plan_;
  // Pass 1: who stays. Only then is it known who goes, and whose successor a new one may be.
  Keys keys;
  std::vector<Target*> known;
  known.reserve(plan.size());
  for (const TargetSpec& spec : plan) {
    Target* const target = find_planned(spec, keys);
    known.push_back(target);
    if (target == nullptr || target->plan == plan_) continue;
    target->plan = plan_;
    target->check = spec.check;  // the same probe, but the name may have changed
    place(*target, spec);
  }
  planned_.clear();  // before what it points to goes
  Predecessors predecessors = remove_unplanned();
  for (const RememberedVerdict& r : std::exchange(options_.remembered, {})) take_up(r, predecessors);
  std::vector<Believed> believed;
  believed.reserve(plan.size());
  planned_.reserve(plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    Target* const target = known[i] != nullptr ? known[i] : &find_or_add(plan[i], keys, predecessors);
    planned_[{plan[i].check.get(), plan[i].address, plan[i].canary}] = target;
    believed.push_back({target->id, target->belief.verdict, target->belief.pending()});
  }
  set_sweep();
  heard_from(0);
  return believed;
}

// A plan hardly differs from the one before, and what is in both comes as the same objects: those are found
// by the check's place in memory, without its description.
Engine::Target* Engine::find_planned(const TargetSpec& spec, Keys& keys) {
  const auto planned = planned_.find({spec.check.get(), spec.address, spec.canary});
  // Only a check that the target itself keeps alive is certainly the one of the last plan.
  if (planned != planned_.end() && planned->second->check == spec.check) return planned->second;
  const auto found = targets_.find(id_of(keys.of(spec)));
  return found != targets_.end() ? found->second.get() : nullptr;
}

Engine::Target& Engine::find_or_add(const TargetSpec& spec, Keys& keys, const Predecessors& predecessors) {
  std::string key = keys.of(spec);
  const TargetId id = id_of(key);
  const auto found = targets_.find(id);  // the plan may name it twice
  return found != targets_.end() ? *found->second : add(id, std::move(key), spec, predecessors);
}

std::string Engine::Keys::of(const TargetSpec& spec) {
  std::string& fingerprint = fingerprints_[spec.check.get()];
  if (fingerprint.empty()) fingerprint = spec.check->fingerprint();
  return fingerprint + (spec.canary ? " canary @" : " @") + spec.address.to_string();
}

// What was written before the restart, on this run's clocks.
void Engine::take_up(const RememberedVerdict& r, Predecessors& predecessors) const {
  Heritage& heritage = predecessors[succession_key(r.check, r.address)];
  heritage.since = r.since;
  heritage.belief.verdict = r.verdict;
  heritage.belief.awaits_resume = r.awaits_resume;
  const WallTime wall = clock_.wall_now();
  const Duration age = r.as_of == WallTime{} ? Duration{0} : std::max(wall - r.as_of, Duration{0});
  heritage.belief.penalty = {r.flap_penalty, clock_.now() - age, r.held_until > wall};
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
  target.canary = spec.canary;
  target.plan = plan_;
  target.since = clock_.wall_now();
  target.evidence = clock_.now();
  const auto predecessor = predecessors.find(succession_key(spec.check->name, spec.address));
  if (predecessor != predecessors.end() && !spec.canary) {
    target.belief = without_evidence(predecessor->second.belief);
    target.since = predecessor->second.since;
    if (spec.check->failback != Failback::manual) target.belief.awaits_resume = false;
  }
  targets_.emplace(id, std::move(made));
  place(target, spec);
  if (plan_ == 1 && !spec.canary) unheard_.insert(id);
  const Duration spread = std::min(spec.check->interval, kLongestSpread);
  schedule(target, clock_.now() +
                       Duration(static_cast<Duration::rep>(id % static_cast<std::uint64_t>(spread.count()))));
  return target;
}

// Its site may have changed with the plan.
void Engine::place(Target& target, const TargetSpec& spec) {
  const auto group =
      spec.canary ? SelfDoubt::kCanaries : internet_of(target).doubt.group_of(spec.site, spec.address);
  if (target.hopeful && group != target.group) no_longer_hopeful(target);
  target.site = spec.site;
  target.group = group;
  count_hopeful(target);
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
    if (!target->canary) {
      predecessors[succession_key(target->check->name, target->address)] = {target->belief, target->since};
    }
    unheard_.erase(target->id);
    remove(*target);
  }
  return predecessors;
}

// Its place in a waiting line, if it has one, turns void by itself: start_probe() no longer finds it.
void Engine::remove(Target& target) {
  if (target.hopeful) no_longer_hopeful(target);
  internet_of(target).doubted.erase(target.id);
  if (target.held) holder_->release(target.id);
  scheduler_.cancel(target.due);
  if (target.flight.id == 0) return;
  scheduler_.cancel(target.flight.timeout);
  transport_.cancel(target.flight.id, *target.flight.check);
  flights_.erase(target.flight.id);
  admission_.release(target.address);
}

TargetStatus Engine::status_of(const Target& t) const {
  const MonotonicTime now = clock_.now();
  const WallTime wall = clock_.wall_now();
  TargetStatus s;
  s.id = t.id;
  s.check = t.check->name;
  s.type = std::string(t.check->type->name);
  s.address = t.address;
  s.site = t.site;
  s.canary = t.canary;
  s.verdict = t.belief.verdict;
  s.since = t.since;
  s.evidence = t.belief.evidence.verdict;
  if (t.evidence_seen) s.evidence_at = wall - (now - t.evidence);
  s.pending = t.belief.pending();
  s.doubted = t.belief.doubted();
  s.held_back = held_back(t.belief, *t.check, now);
  // Also while it fails: who is suppressed stays so over a restart.
  const Duration damped = t.check->damping ? t.belief.penalty.remaining(*t.check->damping, now) : Duration{0};
  const Duration left = held_back_for(t.belief, *t.check, now).value_or(damped);
  if (left > Duration{0}) s.held_until = wall + left;
  if (t.check->damping) s.flap_penalty = t.belief.penalty.now(*t.check->damping, now);
  s.awaits_resume = t.belief.awaits_resume;
  s.streak_passes = t.belief.evidence.streak_passes;
  s.streak = t.belief.evidence.streak;
  s.last = t.last;
  s.counts = t.counts;
  return s;
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

std::vector<Believed> Engine::believed() const {
  std::vector<Believed> all;
  all.reserve(targets_.size());
  for (const auto& [id, t] : targets_) {
    if (!t->canary) all.push_back({id, t->belief.verdict, t->belief.pending()});
  }
  return all;
}

EngineStats Engine::stats() const {
  EngineStats s = stats_;
  s.targets = targets_.size();
  s.in_flight = admission_.in_flight();
  for (std::size_t family = 0; family < s.isolated_from.size(); ++family) {
    const Internet& internet = internets_[family];
    s.doubted += internet.doubted.size();
    s.isolated_from[family] = internet.isolated_since.has_value();
    if (!internet.isolated_since) continue;
    s.isolated_since =
        s.isolated ? std::min(s.isolated_since, *internet.isolated_since) : *internet.isolated_since;
    s.isolated = true;
  }
  s.starved = starved_at_ != MonotonicTime{} && clock_.now() - starved_at_ < kStarvedFor;
  return s;
}

}  // namespace gslbd::health
