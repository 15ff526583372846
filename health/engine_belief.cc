// SPDX-License-Identifier: Apache-2.0
// What follows from an outcome: the belief, whether a death is credible, and who is told.
#include <algorithm>
#include <utility>

#include "health/check_type.h"
#include "health/engine.h"

namespace gslbd::health {
namespace {

// Verdicts are looked over for their age several times within the shortest bound.
constexpr Duration kFastestSweep = std::chrono::milliseconds(250);
constexpr Duration kSlowestSweep = std::chrono::seconds(10);

// Targets of one group that are asked whether this prober is still connected.
constexpr std::size_t kAskedPerGroup = 3;

// When thousands fall silent together, their doubts come as a crowd.
constexpr Duration kBetweenQuestions = std::chrono::milliseconds(20);

// More than the evidence needs: a probe may still slip in before a dying process lets go of its port.
constexpr std::uint32_t kBurstExtra = 2;

}  // namespace

void Engine::believe(Target& target, const Check& check, MonotonicTime probe_started) {
  const Reason reason = target.last->reason;
  const MonotonicTime now = clock_.now();
  const bool crosses_network = check.type->crosses_network;
  if (crosses_network && is_silence(reason) && target.hopeful) {
    internet_of(target).doubt.silent(target.group, probe_started);
  }
  if (crosses_network && !is_silence(reason) && !is_local_trouble(reason)) heard(target);
  if (!is_local_trouble(reason)) target.silent = is_silence(reason);
  if (reason == Reason::unheard) {  // nothing is wrong: its time has not come yet
    target.evidence = now;
    return;
  }
  if (is_local_trouble(reason)) return starving(target);
  target.evidence = now;
  target.evidence_seen = true;
  const HeldBack before = held_back(target.belief, check, now);
  target.belief = with_outcome(target.belief, reason, check, now);
  if (!target.belief.evidence.streak_passes && target.belief.evidence.streak == 1) {
    target.failing_since = probe_started;
  }
  const bool death = target.belief.doubted();
  set_belief(target, settle(target.belief, check, now, death && credible(target, check, probe_started)));
  hold_or_release(target);  // also for one that was remembered as up
  const HeldBack after = held_back(target.belief, check, now);
  if (after != HeldBack::no && before == HeldBack::no) {
    emit(EventKind::held_down, target, target.belief.verdict, std::string(held_back_text(after)));
  }
}

bool Engine::credible(Target& target, const Check& check, MonotonicTime probe_started) {
  if (!self_doubt_on_ || !check.type->crosses_network || !is_silence(target.last->reason)) return true;
  Internet& internet = internet_of(target);
  if (!target.doubted_at) {
    // Whoever was heard while the deciding probe was under way is witness enough.
    if (internet.doubt.testified(target.group, probe_started)) return true;
    target.doubted_at = clock_.now();
  }
  const SelfDoubt::Judgement judgement = internet.doubt.judge(target.group, *target.doubted_at);
  switch (judgement.finding) {
    case SelfDoubt::Finding::credible:
      if (!internet.isolated_since) return true;
      // Nobody is left who could end it by an answer (the plan has changed): evidence is gathered anew.
      leave_isolation(internet);
      return false;
    case SelfDoubt::Finding::cut_off:
      if (!internet.isolated_since) enter_isolation(internet);
      return false;
    case SelfDoubt::Finding::not_known:
      ask(internet, judgement.ask);
      return false;
  }
  return true;
}

void Engine::set_belief(Target& target, const Settled& settled) {
  target.belief = settled.belief;
  count_doubted(target);
  if (settled.transition) {
    changed(target, settled.transition->from, target.last ? target.last->detail : std::string());
  } else if (target.belief.pending() != target.reported_pending) {
    report(target, target.belief.verdict, clock_.wall_now());
  }
}

void Engine::count_doubted(Target& target) {
  if (target.belief.doubted()) {
    internet_of(target).doubted.insert(target.id);
  } else {
    internet_of(target).doubted.erase(target.id);
    target.doubted_at.reset();
  }
}

void Engine::changed(Target& target, Verdict from, const std::string& why) {
  target.since = clock_.wall_now();
  count_hopeful(target);
  hold_or_release(target);
  emit(EventKind::verdict, target, from, why);
  report(target, from, target.since);
}

void Engine::report(Target& target, Verdict from, WallTime at) {
  target.reported_pending = target.belief.pending();
  if (target.canary || !events_.on_change) return;
  events_.on_change({target.id, from, target.belief.verdict, at, target.reported_pending}, status_of(target));
}

// Somebody answered: the prober is connected. Deaths that waited for a witness may be credible now.
void Engine::heard(const Target& witness) {
  Internet& internet = internet_of(witness);
  const MonotonicTime anybody_before = internet.doubt.last_heard();
  const MonotonicTime before = internet.doubt.heard(witness.group, clock_.now());
  if (internet.isolated_since) {
    // Where there are sites to ask, the gateway's answer does not mean that the world is in reach.
    if (!witness.canary || internet.doubt.witness_groups() < 2) leave_isolation(internet);
    return;
  }
  if (internet.doubted.empty()) return;
  const std::vector<TargetId> waiting(internet.doubted.begin(), internet.doubted.end());
  for (const TargetId id : waiting) {
    Target& target = *targets_.at(id);
    if (id == witness.id || !internet.doubt.testified(target.group, *target.doubted_at)) continue;
    // A witness that was silent itself all the while, and speaks again: the network may have blinked; not if
    // others were heard during that silence. The doubted are silent members of their own groups: there, only
    // what the witness itself did can tell.
    const bool silent_too = target.group == witness.group
                                ? witness.silent
                                : internet.doubt.was_silent(witness.group, target.failing_since) &&
                                      internet.doubt.was_silent(witness.group, anybody_before);
    const bool blinked = before < target.failing_since && silent_too;
    set_belief(target, blinked ? Settled{without_evidence(target.belief), std::nullopt}
                               : settle(target.belief, *target.check, clock_.now(), true));
  }
}

void Engine::enter_isolation(Internet& internet) {
  internet.isolated_since = clock_.wall_now();
  internet.isolated_at = clock_.now();
  ++stats_.isolations;
  tell(EventKind::isolated, internet, Duration{0});
}

// What was gathered while the prober was cut off speaks about the prober.
void Engine::leave_isolation(Internet& internet) {
  const Duration lasted = clock_.now() - internet.isolated_at;
  internet.isolated_since.reset();
  tell(EventKind::connected, internet, lasted);
  for (const auto& [id, target] : targets_) {
    const Belief& b = target->belief;
    const bool failing = b.verdict != Verdict::down && b.evidence.streak > 0 && !b.evidence.streak_passes;
    if (failing && &internet_of(*target) == &internet) {
      set_belief(*target, {without_evidence(b), std::nullopt});
    }
  }
}

void Engine::tell(EventKind kind, const Internet& internet, Duration lasted) {
  if (!events_.on_event) return;
  const bool v4 = &internet == &internets_[0];
  const std::string name = v4 ? "IPv4" : "IPv6";
  Event event;
  event.kind = kind;
  event.at = clock_.wall_now();
  event.duration = lasted;
  event.family = v4 ? "ipv4" : "ipv6";
  event.detail = kind == EventKind::isolated ? "unrelated " + name + " targets fell silent together"
                                             : name + " is in reach again";
  events_.on_event(event);
}

void Engine::set_self_doubt(bool on) {
  self_doubt_on_ = on;
  for (Internet& internet : internets_) {
    if (!on && internet.isolated_since) leave_isolation(internet);
  }
}

// Whoever asked a moment ago asked for all: the answer will serve this one too.
void Engine::ask(Internet& internet, std::span<const SelfDoubt::Group> groups) {
  const MonotonicTime now = clock_.now();
  if (internet.isolated_since || now - internet.asked_at < kBetweenQuestions) return;
  internet.asked_at = now;
  for (const SelfDoubt::Group group : groups) {
    const auto found = internet.groups.find(group);
    if (found == internet.groups.end()) continue;
    const std::set<TargetId>& members = found->second;
    // From a random place on, round the end: not always the same two, which may be those that are dying.
    auto it = members.lower_bound(random_.next());
    for (std::size_t i = 0; i < std::min(kAskedPerGroup, members.size()); ++i, ++it) {
      if (it == members.end()) it = members.begin();
      probe_soon(*targets_.at(*it));
    }
  }
}

void Engine::count_hopeful(Target& target) {
  const bool hopeful = target.check->type->crosses_network && target.belief.verdict != Verdict::down;
  if (hopeful == target.hopeful) return;
  if (!hopeful) return no_longer_hopeful(target);
  target.hopeful = true;
  internet_of(target).doubt.add_hopeful(target.group);
  internet_of(target).groups[target.group].insert(target.id);
}

void Engine::no_longer_hopeful(Target& target) {
  target.hopeful = false;
  internet_of(target).doubt.remove_hopeful(target.group);
  internet_of(target).groups[target.group].erase(target.id);
}

// A connection is held to what is up; to what is down there is none to lose.
void Engine::hold_or_release(Target& target) {
  const bool wanted = holder_ != nullptr && target.check->hold && target.belief.verdict == Verdict::up;
  if (wanted == (target.held != nullptr)) return;
  if (wanted) {
    target.held = target.check;
    holder_->hold(target.id, *target.held, target.address, *this);
  } else {
    holder_->release(target.id);
    target.held.reset();
  }
}

void Engine::hold_lost(TargetId id, const std::string& why) {
  const auto found = targets_.find(id);
  if (found == targets_.end()) return;
  Target& target = *found->second;
  ++stats_.holds_lost;
  emit(EventKind::hold_lost, target, target.belief.verdict, why);
  if (target.belief.verdict != Verdict::up) return;
  target.burst = target.check->fall + kBurstExtra;
  probe_soon(target);
}

bool Engine::resume(const std::string& check, const Address& address) {
  bool any = false;
  for (const auto& [id, target] : targets_) {
    if (target->check->name != check || target->address != address) continue;
    if (held_back(target->belief, *target->check, clock_.now()) == HeldBack::no &&
        !target->belief.awaits_resume) {
      continue;
    }
    any = true;
    target->belief.awaits_resume = false;
    target->belief.penalty = {};
    target->belief.recovered = clock_.now() - target->check->failback_delay;
    set_belief(*target, settle(target->belief, *target->check, clock_.now(), false));
  }
  return any;
}

// One event for all: when descriptors run out, every probe says so.
void Engine::starving(const Target& target) {
  const MonotonicTime now = clock_.now();
  if (starved_at_ == MonotonicTime{} || now - starved_at_ >= kStarvedFor) {
    emit(EventKind::starved, target, target.belief.verdict, target.last->detail);
  }
  starved_at_ = now;
}

void Engine::set_sweep() {
  sweep_every_ = kSlowestSweep;
  for (const auto& [id, t] : targets_) {
    if (t->check->max_age > Duration{0}) sweep_every_ = std::min(sweep_every_, t->check->max_age / 4);
  }
  sweep_every_ = std::max(sweep_every_, kFastestSweep);
  const MonotonicTime due = clock_.now() + sweep_every_;
  // Reloads that follow each other must not put it off for ever.
  if (sweep_ != TimerId{} && sweep_due_ <= due) return;
  scheduler_.cancel(sweep_);
  sweep_due_ = due;
  sweep_ = scheduler_.run_at(sweep_due_, [this] { sweep(); });
}

// Nothing stale is believed. Time in which this process did not run at all is nobody's age: after a pause the
// probes get the time they need.
void Engine::sweep() {
  const MonotonicTime now = clock_.now();
  const Duration paused = now - sweep_due_ > sweep_every_ ? now - sweep_due_ : Duration{0};
  for (const auto& [id, target] : targets_) {
    Target& t = *target;
    t.evidence += paused;
    // In line for a probe, or probed right now: its silence is ours.
    const bool waits = t.due == TimerId{};
    const bool old = !waits && t.check->max_age > Duration{0} && now - t.evidence > t.check->max_age;
    // An operator's word has no age.
    if (!old || t.belief.verdict == Verdict::unknown || t.belief.awaits_resume) continue;
    const Verdict from = t.belief.verdict;
    ++stats_.stale;
    t.belief.verdict = Verdict::unknown;
    t.belief = without_evidence(t.belief);
    count_doubted(t);
    emit(EventKind::stale, t, from, "no evidence for " + format_duration(now - t.evidence));
    changed(t, from, "too old to be believed");
  }
  sweep_due_ = now + sweep_every_;
  sweep_ = scheduler_.run_at(sweep_due_, [this] { sweep(); });
}

void Engine::emit(EventKind kind, const Target& target, Verdict from, std::string detail) {
  if (!events_.on_event) return;
  Event event;
  event.kind = kind;
  event.at = clock_.wall_now();
  event.check = target.check->name;
  event.address = target.address;
  event.site = target.site;
  event.canary = target.canary;
  event.from = from;
  event.to = target.belief.verdict;
  if (target.last) {
    event.reason = target.last->reason;
    event.duration = target.last->duration;
  }
  event.detail = std::move(detail);
  event.streak = target.belief.evidence.streak;
  events_.on_event(event);
}

}  // namespace gslbd::health
