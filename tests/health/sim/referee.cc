// SPDX-License-Identifier: Apache-2.0
// What is held against the engine as it happens: its probes, its events, its changes of mind.
#include "tests/health/sim/referee.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gslbd::health::sim {
namespace {

using namespace std::chrono_literals;

// Times are reckoned in another way than the engine does it.
constexpr Duration kRounding = 1us;

// From the end of one probe of a burst to the start of the next.
constexpr Duration kBurstGap = 5ms;

Duration stretched(Duration d, double jitter) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * (1.0 + jitter)));
}

double seconds_of(MonotonicTime t) {
  return to_seconds(t.time_since_epoch());
}

}  // namespace

Summary& Summary::operator+=(const Summary& other) {
  if (complaint.empty()) complaint = other.complaint;
  probes += other.probes;
  changes += other.changes;
  isolations += other.isolations;
  expectations += other.expectations;
  held_back += other.held_back;
  at_the_ceiling += other.at_the_ceiling;
  holds_lost += other.holds_lost;
  return *this;
}

void Referee::plan(const std::vector<TargetSpec>& plan, const std::vector<Believed>& believed) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    sites_[plan[i].address] = plan[i].site;
    targets_.insert_or_assign({plan[i].check->name, plan[i].address},
                              Seen{plan[i].check, Restraint(*plan[i].check), believed[i].verdict});
  }
}

void Referee::complain(const Key& key, const std::string& what) {
  if (!summary_.complaint.empty()) return;
  summary_.complaint = fmt::format("{} on {} at {:.3f} s: {}", key.first, key.second.to_string(),
                                   seconds_of(clock_.now()), what);
}

void Referee::note(const std::string& line) {
  transcript_->append(fmt::format("{} {}\n", clock_.now().time_since_epoch().count(), line));
}

void Referee::probe_began(const Check& check, const Address& address) {
  const Key key{check.name, address};
  Seen& seen = targets_.at(key);
  ++summary_.probes;
  if (transcript_ != nullptr) note("probe " + key.first + " " + address.to_string());
  judge_start(key, seen);
  judge_release(key, seen);
  if (seen.burst > 0) --seen.burst;
  seen.in_flight = true;
  seen.last_start = clock_.now();
}

void Referee::judge_start(const Key& key, const Seen& seen) {
  const Check& check = *seen.check;
  const MonotonicTime now = clock_.now();
  if (seen.in_flight) complain(key, "two probes at once");
  if (seen.burst > 0 && now > seen.burst_due) complain(key, "the burst after a lost connection came late");
  if (!seen.last_start) return;
  // The longest pause is a stretched interval; a probe that took longer delays the next one.
  const Duration longest = std::max(stretched(check.interval, check.jitter), check.timeout + 5ms) + 1ms;
  if (now - *seen.last_start > longest) {
    complain(key, fmt::format("a probe came {} after the one before; interval {} timeout {} confirm {}",
                              format_duration(now - *seen.last_start), format_duration(check.interval),
                              format_duration(check.timeout), format_duration(check.confirm_interval)));
  }
}

// What is held back for a time is probed when that is over, and the first pass from then on brings it up.
void Referee::judge_release(const Key& key, const Seen& seen) {
  if (seen.verdict != Verdict::down || !seen.well() || seen.restraint.waits_for_operator()) return;
  const MonotonicTime free = seen.restraint.free_at();
  if (seen.evidence > free + kRounding) complain(key, "still down though nothing holds it back");
  if (seen.last_end < free - kRounding && clock_.now() > free + kRounding) {
    complain(key, fmt::format("free since {:.6f} s, and not probed until now", seconds_of(free)));
  }
}

void Referee::probe_ended(const Check& check, const Address& address, Reason reason) {
  const Key key{check.name, address};
  Seen& seen = targets_.at(key);
  const MonotonicTime now = clock_.now();
  if (transcript_ != nullptr) {
    note(fmt::format("ended {} {} {}", key.first, address.to_string(), reason_name(reason)));
  }
  seen.in_flight = false;
  seen.last_end = now;
  seen.burst_due = now + kBurstGap;
  last_ended_ = key;
  if (is_local_trouble(reason)) return;
  seen.evidence = now;
  seen.passes = reason == Reason::pass ? seen.passes + 1 : 0;
  seen.failures = reason == Reason::pass ? 0 : seen.failures + 1;
  if (seen.verdict == Verdict::down && seen.passes == check.rise) seen.restraint.recovered(now);
}

void Referee::hold_broke(const Check& check, const Address& address) {
  const Key key{check.name, address};
  Seen& seen = targets_.at(key);
  ++summary_.holds_lost;
  if (seen.verdict != Verdict::up) complain(key, "a connection was held to what is not up");
  // At least as many as a verdict needs: it must not wait for an interval.
  seen.burst = check.fall;
  seen.burst_due = clock_.now();
}

void Referee::on_event(const Event& event) {
  const MonotonicTime now = clock_.now();
  if (transcript_ != nullptr) {
    note(fmt::format("event {} at {} {} {} {} {}->{} {} {} {} {}", event_kind_name(event.kind),
                     format_wall_time(event.at), event.check, event.address.to_string(), event.site,
                     verdict_name(event.from), verdict_name(event.to), reason_name(event.reason),
                     event.detail, event.duration.count(), event.streak));
  }
  if (event.kind == EventKind::verdict) journal_ = event;
  if (event.kind == EventKind::isolated) ++summary_.isolations;
  if (event.kind != EventKind::connected) return;
  // What was seen before speaks about the prober: it must be gathered anew.
  for (auto& [key, seen] : targets_) {
    // The answer that ended it counts, if it was a bad one.
    const bool ended_it = last_ended_ == key && seen.failures > 0 && seen.last_end == now;
    if (seen.verdict != Verdict::down) seen.failures = ended_it ? 1 : 0;
  }
}

void Referee::on_change(const VerdictChange& change, const TargetStatus& status) {
  const Key key{status.check, status.address};
  if (transcript_ != nullptr) {
    note(fmt::format("change {} {} {}->{} pending {}", key.first, key.second.to_string(),
                     verdict_name(change.from), verdict_name(change.to), change.pending));
  }
  if (change.from == change.to) return;
  ++summary_.changes;
  Seen& seen = targets_.at(key);
  if (change.from != seen.verdict) complain(key, "a change from a verdict that was not held");
  if (!journal_ || journal_->check != status.check || journal_->address != status.address ||
      journal_->from != change.from || journal_->to != change.to) {
    complain(key, "a change without its evidence in the journal");
  }
  journal_.reset();
  if (change.to == Verdict::down) judge_death(key, seen, status);
  if (change.to == Verdict::up) judge_return(key, seen, change.from);
  if (change.to == Verdict::unknown && clock_.now() - seen.evidence <= seen.check->max_age) {
    complain(key, "unknown though it was probed");
  }
  seen.burst = 0;
  seen.verdict = change.to;
}

void Referee::judge_death(const Key& key, Seen& seen, const TargetStatus& status) {
  const Check& check = *seen.check;
  const MonotonicTime now = clock_.now();
  if (seen.failures < check.fall) complain(key, "down without enough failures");
  // Cut off for the whole streak of failures: nobody may be blamed. Where all others are down already, there
  // is nobody to ask.
  const Duration streak = std::max(check.confirm_interval, check.timeout) * check.fall;
  for (const Span& s : truth_.unplugged) {
    if (s.contains(now) && s.from < now - streak - check.interval && witness_left(key.second)) {
      complain(key, "down while the prober was cut off");
    }
  }
  if (seen.verdict != Verdict::up) return;
  seen.restraint.died(now);
  summary_.at_the_ceiling += seen.restraint.at_the_ceiling() ? 1U : 0U;
  if (!check.damping) return;
  if (std::abs(status.flap_penalty - seen.restraint.penalty(now)) > 1e-6) {
    complain(key, fmt::format("a flap penalty of {}, should be {}", status.flap_penalty,
                              seen.restraint.penalty(now)));
  }
  const Duration held_for =
      status.held_until == WallTime{} ? Duration{0} : status.held_until - clock_.wall_now();
  if (held_for > check.damping->max_hold + kRounding) complain(key, "held down beyond the ceiling");
}

void Referee::judge_return(const Key& key, const Seen& seen, Verdict from) {
  if (seen.passes < 1) complain(key, "up without a pass");
  if (from != Verdict::down) return;
  if (!seen.well()) complain(key, "up again without enough passes");
  if (seen.restraint.waits_for_operator()) complain(key, "up again though no operator has said so");
  if (clock_.now() < seen.restraint.free_at() - kRounding) {
    complain(key,
             fmt::format("up again before {:.3f} s, when it was free", seconds_of(seen.restraint.free_at())));
  }
}

void Referee::resume(const std::string& check, const Address& address) {
  Seen& seen = targets_.at({check, address});
  const bool down = seen.verdict == Verdict::down;
  const bool held = seen.well() && seen.restraint.holds(clock_.now());
  seen.held_when_asked = down && (held || seen.restraint.waits_for_operator());
  if (seen.held_when_asked) seen.restraint.resumed(clock_.now());
}

void Referee::resumed(const std::string& check, const Address& address, bool did) {
  const Key key{check, address};
  const Seen& seen = targets_.at(key);
  if (did != seen.held_when_asked) complain(key, did ? "resumed though it was free" : "could not be resumed");
  if (did && seen.well() && seen.verdict != Verdict::up) complain(key, "resumed, well, and not up");
}

// At another site somebody had no fault at all in all that time.
bool Referee::somebody_well_elsewhere(const Address& address, MonotonicTime a, MonotonicTime b) const {
  const std::string& here = sites_.at(address);
  return std::any_of(truth_.faults.begin(), truth_.faults.end(), [&](const auto& entry) {
    const auto& [other, faults] = entry;
    return sites_.at(other) != here &&
           std::none_of(faults.begin(), faults.end(), [&](const Fault& f) { return f.when.overlaps(a, b); });
  });
}

bool Referee::witness_left(const Address& address) const {
  return std::any_of(targets_.begin(), targets_.end(), [&](const auto& entry) {
    return sites_.at(entry.first.second) != sites_.at(address) && entry.second.verdict != Verdict::down;
  });
}

}  // namespace gslbd::health::sim
