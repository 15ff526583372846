// SPDX-License-Identifier: Apache-2.0
#include "server/app/reports.h"

#include <algorithm>
#include <map>

#include "server/journal/journal_api.h"

namespace gslbd::server {
namespace {

// Why a target that passes its probes is down; null when nothing holds it.
Json held_back_json(const health::TargetStatus& t) {
  if (t.held_back == health::HeldBack::no) return nullptr;
  return {{"why", health::held_back_text(t.held_back)},
          {"until", t.held_until == WallTime{} ? Json() : Json(format_wall_time(t.held_until))}};
}

// Whether what the verdicts say may be believed at all.
Json prober_json(const health::EngineStats& engine, bool stuck) {
  Json families = Json::array();
  if (engine.isolated_from[static_cast<std::size_t>(Family::v4)]) families.emplace_back("ipv4");
  if (engine.isolated_from[static_cast<std::size_t>(Family::v6)]) families.emplace_back("ipv6");
  return {{"isolated", engine.isolated},
          {"isolated_from", std::move(families)},
          {"isolated_since", engine.isolated ? Json(format_wall_time(engine.isolated_since)) : Json()},
          {"starved", engine.starved},
          {"stuck", stuck},
          {"targets", engine.targets},
          {"probes_in_flight", engine.in_flight},
          {"doubted", engine.doubted},
          {"isolations", engine.isolations},
          {"stale_verdicts", engine.stale},
          {"holds_lost", engine.holds_lost}};
}

Json stuck_json(const std::vector<ThreadReport>& threads) {
  Json names = Json::array();
  for (const ThreadReport& t : threads) {
    if (t.stuck) names.push_back(t.name);
  }
  return names;
}

Json targets_json(std::span<const health::TargetStatus> targets, const ForcedStates& forced) {
  Json out = Json::array();
  for (const auto& t : targets) {
    Json failures = Json::object();
    for (std::size_t r = 1; r < health::kReasonCount; ++r) {
      if (t.counts.by_reason[r] != 0) {
        failures[std::string(health::reason_name(static_cast<health::Reason>(r)))] = t.counts.by_reason[r];
      }
    }
    Json entry = {
        {"check", t.check},
        {"type", t.type},
        {"target", t.address.to_string()},
        {"verdict", health::verdict_name(t.verdict)},
        {"since", format_wall_time(t.since)},
        {"site", t.site},
        {"canary", t.canary},
        {"evidence", health::verdict_name(t.evidence)},
        {"evidence_at", t.evidence_at == WallTime{} ? Json() : Json(format_wall_time(t.evidence_at))},
        {"pending", t.pending},
        {"doubted", t.doubted},
        {"held_back", held_back_json(t)},
        {"flap_penalty", t.flap_penalty},
        {t.streak_passes ? "passes_in_a_row" : "failures_in_a_row", t.streak},
        {"passes", t.counts.of(health::Reason::pass)},
        {"failures", failures},
        {"forced", forced_json(forced.target(t.check, t.address))},
        {"last", nullptr}};
    if (t.last) {
      entry["last"] = {{"outcome", health::reason_name(t.last->reason)},
                       {"detail", t.last->detail},
                       {"duration_seconds", to_seconds(t.last->duration)},
                       {"at", format_wall_time(t.last->at)}};
    }
    out.push_back(std::move(entry));
  }
  return out;
}

double epoch_seconds(WallTime t) {
  return to_seconds(t.time_since_epoch());
}

void add_targets(std::span<const health::TargetStatus> targets, MetricsView& view) {
  std::map<std::string, MetricsView::CheckDuration> durations;
  for (const auto& t : targets) {
    const std::string target = t.address.to_string();
    MetricsView::Check check{t.check, target, std::nullopt, std::nullopt};
    if (t.verdict != health::Verdict::unknown) check.up = t.verdict == health::Verdict::up;
    if (t.last) check.last_outcome_timestamp_s = epoch_seconds(t.last->at);
    view.checks.push_back(std::move(check));
    for (std::size_t r = 0; r < health::kReasonCount; ++r) {
      const std::uint64_t count = t.counts.by_reason[r];
      // A pass is always shown, so that rate() has a series from the start.
      if (count == 0 && r != 0) continue;
      view.probes.push_back(
          {t.check, target, std::string(health::reason_name(static_cast<health::Reason>(r))), count});
    }
    MetricsView::CheckDuration& d = durations[t.check];
    d.check = t.check;
    d.buckets.resize(health::kDurationBounds.size());
    std::uint64_t cumulative = 0;
    for (std::size_t b = 0; b < d.buckets.size(); ++b) {
      cumulative += t.counts.duration_buckets[b];
      d.buckets[b].upper_s = to_seconds(health::kDurationBounds[b]);
      d.buckets[b].cumulative += cumulative;
    }
    d.count += cumulative + t.counts.duration_buckets.back();
    d.sum_s += to_seconds(t.counts.duration_sum);
  }
  for (auto& [unused, d] : durations) view.durations.push_back(std::move(d));
}

void add_prober(const health::EngineStats& engine, MetricsView::Prober& p) {
  p.isolated = engine.isolated;
  p.isolated_from = engine.isolated_from;
  p.starved = engine.starved;
  p.targets = engine.targets;
  p.in_flight = engine.in_flight;
  p.doubted = engine.doubted;
  p.isolations = engine.isolations;
  p.stale = engine.stale;
  p.holds_lost = engine.holds_lost;
  std::uint64_t cumulative = 0;
  for (std::size_t b = 0; b < health::kLatenessBounds.size(); ++b) {
    cumulative += engine.lateness_buckets[b];
    p.lateness.buckets.push_back({to_seconds(health::kLatenessBounds[b]), cumulative});
  }
  p.lateness.count = cumulative + engine.lateness_buckets.back();
  p.lateness.sum_s = to_seconds(engine.lateness_sum);
}

void add_records(const Reports& reports, MetricsView& view) {
  for (const UptimeFigures& figures : reports.uptime) {
    for (std::size_t w = 0; w < figures.windows.size(); ++w) {
      const auto ratio = figures.windows[w].ratio();
      if (!ratio) continue;
      view.uptimes.push_back(
          {figures.check, figures.target, figures.site, std::string(kUptimeWindows[w].name), *ratio});
    }
  }
  view.journal = {reports.recorder.written, reports.recorder.queue_full, reports.recorder.write_failed};
  for (const HookCounters& h : reports.recorder.hooks) {
    view.hooks.push_back({h.hook, h.delivered, h.failed, h.retried, h.dropped});
  }
}

}  // namespace

Reports gather_reports(const health::Monitor& monitor, const Recorder& recorder, const Watchdog& watchdog) {
  Reports reports{monitor.status(), monitor.stats(), recorder.uptime(), recorder.counters(),
                  watchdog.report()};
  const auto is_lost = [](const ThreadReport& t) { return t.lost && t.name == kHealthThread; };
  if (std::ranges::any_of(reports.threads, is_lost)) disbelieve(reports.targets);
  return reports;
}

void disbelieve(std::vector<health::TargetStatus>& targets) {
  for (health::TargetStatus& t : targets) {
    t.verdict = health::Verdict::unknown;
    t.pending = t.doubted = false;
    t.held_back = health::HeldBack::no;
    t.streak = 0;
  }
}

Json forced_json(const ForcedEntry* entry) {
  if (entry == nullptr) return nullptr;
  Json out = {{"state", forced_state_name(entry->state)},
              {"scope", entry->scope.to_string()},
              {"reason", entry->reason},
              {"author", entry->author},
              {"until", nullptr}};
  if (entry->until) out["until"] = format_wall_time(*entry->until);
  return out;
}

void add_reports(const Reports& reports, const ForcedStates& forced, Json& status) {
  status["prober"] = prober_json(reports.engine, is_stuck(reports.threads, kHealthThread));
  status["stuck_threads"] = stuck_json(reports.threads);
  status["uptime"] = uptime_json(reports.uptime);
  status["checks"] = targets_json(reports.targets, forced);
}

void add_reports(const Reports& reports, MetricsView& view) {
  add_targets(reports.targets, view);
  add_prober(reports.engine, view.prober);
  view.prober.stuck = is_stuck(reports.threads, kHealthThread);
  for (const ThreadReport& t : reports.threads) view.threads.push_back({t.name, t.stuck});
  add_records(reports, view);
}

}  // namespace gslbd::server
