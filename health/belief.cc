// SPDX-License-Identifier: Apache-2.0
#include "health/belief.h"

#include <algorithm>

namespace gslbd::health {

HeldBack held_back(const Belief& belief, const Check& check, MonotonicTime now) {
  if (belief.verdict != Verdict::down || belief.evidence.verdict != Verdict::up) return HeldBack::no;
  if (belief.awaits_resume) return HeldBack::resume;
  if (check.damping && belief.penalty.remaining(*check.damping, now) > Duration{0}) return HeldBack::damping;
  if (check.failback == Failback::delayed && now - belief.recovered < check.failback_delay) {
    return HeldBack::delay;
  }
  return HeldBack::no;
}

std::optional<Duration> held_back_for(const Belief& belief, const Check& check, MonotonicTime now) {
  const Duration damped = check.damping ? belief.penalty.remaining(*check.damping, now) : Duration{0};
  const Duration delayed = check.failback == Failback::delayed
                               ? std::max(check.failback_delay - (now - belief.recovered), Duration{0})
                               : Duration{0};
  switch (held_back(belief, check, now)) {
    case HeldBack::damping:
    case HeldBack::delay:
      return std::max(damped, delayed);
    default:
      return std::nullopt;
  }
}

std::string_view held_back_text(HeldBack why) {
  switch (why) {
    case HeldBack::no:
      return "";
    case HeldBack::damping:
      return "held down by flap damping";
    case HeldBack::delay:
      return "held down until failback is due";
    case HeldBack::resume:
      return "waits for an operator to resume it";
  }
  return "";
}

Belief with_outcome(Belief belief, Reason reason, const Check& check, MonotonicTime now) {
  const bool was_doubted = belief.doubted();
  const bool was_back = belief.verdict == Verdict::down && belief.evidence.verdict == Verdict::up;
  const auto [evidence, transition] = apply_outcome(belief.evidence, reason, check.rise, check.fall);
  belief.evidence = evidence;
  // The verdict never went down: one sign of life is enough to stay.
  if (was_doubted && reason == Reason::pass)
    belief.evidence = {belief.verdict == Verdict::unknown ? Verdict::up : belief.verdict, true, 1};
  // It never came back: being well starts anew.
  if (was_back && reason != Reason::pass && !is_local_trouble(reason)) {
    belief.evidence = {Verdict::down, false, 1};
  }
  if (transition && transition->to == Verdict::up) belief.recovered = now;
  return belief;
}

Settled settle(Belief belief, const Check& check, MonotonicTime now, bool death_is_credible) {
  const Verdict from = belief.verdict;
  const Verdict to = belief.evidence.verdict;
  const bool blocked = to == Verdict::unknown || (to == Verdict::down && !death_is_credible) ||
                       held_back(belief, check, now) != HeldBack::no;
  if (from == to || blocked) return {belief, std::nullopt};
  belief.verdict = to;
  if (to == Verdict::down && from == Verdict::up) {
    if (check.damping) belief.penalty = after_death(belief.penalty, *check.damping, now);
    belief.awaits_resume = check.failback == Failback::manual;
  }
  return {belief, Transition{from, to}};
}

Belief without_evidence(Belief belief) {
  belief.evidence = {belief.verdict, false, 0};
  return belief;
}

}  // namespace gslbd::health
