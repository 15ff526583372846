// SPDX-License-Identifier: Apache-2.0
// What must be believed by when.
#include <fmt/format.h>

#include <algorithm>

#include "tests/health/sim/referee.h"

namespace gslbd::health::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRoundTrip = 32ms;  // longer than the longest of this network

Duration stretched(Duration d, double jitter) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * (1.0 + jitter)));
}

// What the settings say an attempt costs, and the one that follows it while a change is under way.
struct Attempt {
  Duration takes;
  Duration next;  ///< from its start: no sooner than it has ended
};

Attempt attempt(const Check& c, Duration takes) {
  return {takes, std::max(stretched(c.confirm_interval, c.jitter), takes)};
}

}  // namespace

// The worst case, with nothing to spare: the fault begins just after a probe has begun that still passes. The
// next one begins a stretched interval later and fails, after a round trip or its timeout; the others that
// confirm it begin a stretched confirm interval, or the timeout if that is longer, after each other. A
// silence that has had no witness meanwhile waits for one that is asked: a round trip.
Duration bound_of_death(const Check& c, FaultKind kind) {
  const bool silent = kind == FaultKind::silent;
  const Attempt failing = attempt(c, silent ? c.timeout : kRoundTrip);
  const Duration confirmed = failing.next * (c.fall - 1) + failing.takes;
  return stretched(c.interval, c.jitter) + confirmed + (silent ? kRoundTrip : 0ms);
}

// Likewise: the fault ends just after a probe has begun that still fails. It takes no longer than the
// interval that follows it, as a timeout never does.
Duration bound_of_recovery(const Check& c) {
  const Attempt passing = attempt(c, kRoundTrip);
  return stretched(c.interval, c.jitter) + passing.next * (c.rise - 1) + passing.takes;
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
  const auto status = std::find_if(all.begin(), all.end(), [&](const TargetStatus& s) {
    return s.check == d.check && s.address == d.address;
  });
  ++summary_.expectations;
  if (d.wanted == Verdict::up) return expect_up(d, *status);
  if (status->verdict == Verdict::down) return;
  complain({d.check, d.address},
           fmt::format("{} by now, {:.3f} s after the fault began; evidence {}, {} {} in a row{}",
                       verdict_name(status->verdict), to_seconds(d.at - d.since),
                       verdict_name(status->evidence), status->streak,
                       status->streak_passes ? "passes" : "failures", status->doubted ? ", doubted" : ""));
}

// It is well by now; and up, unless something has to hold it back, which the engine must say.
void Referee::expect_up(const Deadline& d, const TargetStatus& status) {
  const Key key{d.check, d.address};
  const Seen& seen = targets_.at(key);
  const MonotonicTime now = clock_.now();
  if (seen.verdict == Verdict::down && seen.well() && seen.restraint.holds(now)) {
    ++summary_.held_back;
    if (status.verdict != Verdict::down || status.held_back == HeldBack::no) complain(key, "not held back");
    return;
  }
  // Free for less than the probe takes that brings it up.
  const bool any_moment =
      seen.well() && !seen.restraint.holds(now) && now - seen.restraint.free_at() < kRoundTrip;
  if (status.verdict == Verdict::up || any_moment) return;
  complain(key,
           fmt::format("{} by now, {:.3f} s after the fault ended; evidence {}, {} {} in a row",
                       verdict_name(status.verdict), to_seconds(now - d.since), verdict_name(status.evidence),
                       status.streak, status.streak_passes ? "passes" : "failures"));
}

}  // namespace gslbd::health::sim
