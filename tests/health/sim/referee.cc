// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/referee.h"

#include <fmt/format.h>

#include <algorithm>

namespace gslbd::health::sim {
namespace {

using namespace std::chrono_literals;

Duration stretched(Duration d, double jitter) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * (1.0 + jitter)));
}

constexpr Duration kRoundTrip = 40ms;  // the longest of this network

// An interval until the first failure, the confirmations, and for silence a timeout each; the witness adds a
// round trip. "Never later than 1.2 times that."
Duration bound_of_death(const Check& c, FaultKind kind) {
  const Duration each = kind == FaultKind::silent ? c.timeout : kRoundTrip;
  const Duration confirm = std::max(stretched(c.confirm_interval, c.jitter), each);
  const Duration sum = stretched(c.interval, c.jitter) + each * 2 + confirm * (c.fall - 1) + kRoundTrip;
  return sum + sum / 5;
}

Duration bound_of_recovery(const Check& c) {
  const Duration confirm = std::max(stretched(c.confirm_interval, c.jitter), kRoundTrip);
  const Duration sum = stretched(c.interval, c.jitter) + c.timeout + confirm * (c.rise + 1) + kRoundTrip;
  return sum + sum / 5;
}

}  // namespace

void Referee::plan(const std::vector<TargetSpec>& plan, const std::vector<Believed>& believed) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    sites_[plan[i].address] = plan[i].site;
    targets_[{plan[i].check->name, plan[i].address}] = {plan[i].check, believed[i].verdict};
  }
}

void Referee::complain(const Key& key, const std::string& what) {
  if (complaint_.empty()) {
    complaint_ = fmt::format("{} on {} at {:.3f} s: {}", key.first, key.second.to_string(),
                             to_seconds(clock_.now().time_since_epoch()), what);
  }
}

void Referee::probe_began(const Check& check, const Address& address) {
  const Key key{check.name, address};
  Seen& seen = targets_.at(key);
  ++probes_;
  if (seen.in_flight) complain(key, "two probes at once");
  seen.in_flight = true;
  const MonotonicTime now = clock_.now();
  if (seen.last_start) {
    // The longest pause is a stretched interval; a probe that took longer delays the next one.
    const Duration longest = std::max(stretched(check.interval, check.jitter), check.timeout + 5ms) + 1ms;
    if (now - *seen.last_start > longest) {
      complain(key, fmt::format("a probe came {} after the one before; interval {} timeout {} confirm {}",
                                format_duration(now - *seen.last_start), format_duration(check.interval),
                                format_duration(check.timeout), format_duration(check.confirm_interval)));
    }
  }
  seen.last_start = now;
}

void Referee::probe_ended(const Check& check, const Address& address, Reason reason) {
  Seen& seen = targets_.at({check.name, address});
  seen.in_flight = false;
  last_ended_ = {check.name, address};
  if (is_local_trouble(reason)) return;
  seen.evidence = clock_.now();
  seen.passes = reason == Reason::pass ? seen.passes + 1 : 0;
  seen.failures = reason == Reason::pass ? 0 : seen.failures + 1;
}

void Referee::on_event(const Event& event) {
  const MonotonicTime now = clock_.now();
  if (event.kind == EventKind::verdict) journal_ = event;
  if (event.kind == EventKind::isolated) isolations_.push_back({now, MonotonicTime::max()});
  if (event.kind == EventKind::connected) {
    isolations_.back().to = now;
    // What was seen before speaks about the prober: it must be gathered anew.
    for (auto& [key, seen] : targets_) {
      // The answer that ended it counts, if it was a bad one.
      const bool ended_it = last_ended_ == key && seen.failures > 0;
      if (seen.verdict != Verdict::down) seen.failures = ended_it ? 1 : 0;
    }
  }
}

void Referee::on_change(const VerdictChange& change, const TargetStatus& status) {
  if (change.from == change.to) return;
  ++changes_;
  const Key key{status.check, status.address};
  Seen& seen = targets_.at(key);
  if (change.from != seen.verdict) complain(key, "a change from a verdict that was not held");
  if (!journal_ || journal_->check != status.check || journal_->address != status.address ||
      journal_->from != change.from || journal_->to != change.to) {
    complain(key, "a change without its evidence in the journal");
  }
  journal_.reset();
  const MonotonicTime now = clock_.now();
  if (change.to == Verdict::down && seen.failures < seen.check->fall) {
    complain(key, "down without enough failures");
  }
  if (change.to == Verdict::up && change.from == Verdict::down && seen.passes < seen.check->rise) {
    complain(key, "up again without enough passes");
  }
  if (change.to == Verdict::up && seen.passes < 1) complain(key, "up without a pass");
  if (change.to == Verdict::unknown && now - seen.evidence <= seen.check->max_age) {
    complain(key, "unknown though it was probed");
  }
  // Cut off for the whole streak of failures: nobody may be blamed.
  const Duration streak = std::max(seen.check->confirm_interval, seen.check->timeout) * seen.check->fall;
  if (change.to == Verdict::down) {
    for (const Span& s : truth_.unplugged) {
      // Where all others are down already, there is nobody to ask.
      if (s.contains(now) && s.from < now - streak - seen.check->interval && witness_left(status.address)) {
        complain(key, "down while the prober was cut off");
      }
    }
  }
  seen.verdict = change.to;
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

std::vector<Referee::Deadline> Referee::deadlines() const {
  std::vector<Deadline> out;
  for (const auto& [key, seen] : targets_) {
    const auto found = truth_.faults.find(key.second);
    if (found == truth_.faults.end()) continue;
    const auto& list = found->second;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Fault& f = list[i];
      const bool hard = f.kind == FaultKind::refused || f.kind == FaultKind::silent;
      const MonotonicTime dead = f.when.from + bound_of_death(*seen.check, f.kind);
      if (hard && dead < f.when.to) out.push_back({dead, key.first, key.second, Verdict::down, f.when.from});
      const MonotonicTime well = f.when.to + bound_of_recovery(*seen.check);
      const bool next_is_later = i + 1 == list.size() || list[i + 1].when.from > well;
      if (next_is_later) out.push_back({well, key.first, key.second, Verdict::up, f.when.to});
    }
  }
  return out;
}

void Referee::expect(const Deadline& d, const std::vector<TargetStatus>& all) {
  // While the prober itself is hampered, and until it has caught up, nothing is promised.
  const Check& check = *targets_.at({d.check, d.address}).check;
  const Duration margin = bound_of_death(check, FaultKind::silent) + check.max_age;
  const MonotonicTime from = d.since - margin;
  if (truth_.any(truth_.unplugged, from, d.at) || truth_.any(truth_.starved, from, d.at)) return;
  // No excuse is taken from the engine: that it thought itself cut off counts only when no other site could
  // have told it better.
  if (!somebody_well_elsewhere(d.address, from, d.at)) return;
  for (const TargetStatus& s : all) {
    if (s.check != d.check || s.address != d.address) continue;
    // Held back, or the probe that ends it is under way.
    const bool held = s.held_back != HeldBack::no ||
                      (s.evidence == Verdict::up && targets_.at({d.check, d.address}).in_flight);
    if (d.wanted == Verdict::up && held) continue;
    ++expectations_;
    if (s.verdict != d.wanted) {
      complain({d.check, d.address},
               fmt::format("{} by now, {:.3f} s after the fault {}; evidence {}, {} {} in a row{}",
                           verdict_name(s.verdict), to_seconds(d.at - d.since),
                           d.wanted == Verdict::down ? "began" : "ended", verdict_name(s.evidence), s.streak,
                           s.streak_passes ? "passes" : "failures", s.doubted ? ", doubted" : ""));
    }
  }
}

}  // namespace gslbd::health::sim
