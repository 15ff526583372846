// SPDX-License-Identifier: Apache-2.0
#include "server/journal/uptime.h"

#include <algorithm>

namespace gslbd::server {
namespace {

using health::Verdict;

// Targets that left the plan: what somebody who renames checks all day may leave behind.
constexpr std::size_t kMostGone = 10'000;

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Verdict verdict_of(const std::string& name) {
  return name == "up" ? Verdict::up : name == "down" ? Verdict::down : Verdict::unknown;
}

UptimeFigures figures(std::string check, std::string target, std::string site, const Timeline& time,
                      WallTime now) {
  UptimeFigures out{std::move(check), std::move(target), std::move(site), {}};
  for (const UptimeWindow& window : kUptimeWindows) out.windows.push_back(time.share(now, window.length));
  return out;
}

}  // namespace

void Uptime::note(const Entry& entry) {
  const std::string& kind = entry.kind;
  if (kind == "verdict" || kind == "stale" || kind == "joined") {
    note_target(entry);
  } else if (kind == "left") {
    const auto found = targets_.find({entry.check, entry.target});
    if (found == targets_.end()) return;
    set(found->second, entry.at, Verdict::unknown, true);
    found->second.planned = false;
  } else if (kind == "site") {
    const bool cut_off = isolated_[0] || isolated_[1] || unwatched_;
    set(sites_[entry.site], entry.at, verdict_of(text(entry.more, "to")),
        !cut_off || watched_sites().contains(entry.site));
  } else if (kind == "isolated" || kind == "connected") {
    set_isolated(entry);
  } else if (kind == "unwatched" || kind == "watched") {
    unwatched_ = kind == "unwatched";
    look_anew(entry.at);
  } else if (kind == "start") {
    // After a crash there is no "stop": the start tells until when somebody watched.
    isolated_[0] = isolated_[1] = unwatched_ = false;
    all_unknown(parse_wall_time(text(entry.more, "alive_until")).value_or(entry.at));
  } else if (kind == "stop") {
    all_unknown(entry.at);
  }
}

void Uptime::note_target(const Entry& entry) {
  if (const auto canary = entry.more.find("canary"); canary != entry.more.end() && *canary == true) return;
  const auto [at, added] = targets_.try_emplace({entry.check, entry.target});
  Line& line = at->second;
  // What a target joined with was read before this was noted: a verdict in between is newer.
  if (entry.kind == "joined" && !added && line.planned) return;
  line.site = entry.site;
  line.planned = true;
  set(line, entry.at, verdict_of(text(entry.more, "to")), watched(entry.target));
}

void Uptime::set(Line& line, WallTime at, Verdict verdict, bool watched) {
  line.verdict = verdict;
  line.time.set(at, watched ? verdict : Verdict::unknown);
}

void Uptime::all_unknown(WallTime at) {
  for (auto& [unused, line] : targets_) {
    set(line, at, Verdict::unknown, true);
    line.planned = false;  // until it is heard of again
  }
  for (auto& [unused, line] : sites_) set(line, at, Verdict::unknown, true);
}

// Journals of earlier versions name no family: then it is both.
void Uptime::set_isolated(const Entry& entry) {
  const std::string family = text(entry.more, "family");
  const bool isolated = entry.kind == "isolated";
  if (family != "ipv6") isolated_[0] = isolated;
  if (family != "ipv4") isolated_[1] = isolated;
  look_anew(entry.at);
}

// Who is watched has changed.
void Uptime::look_anew(WallTime at) {
  for (auto& [key, line] : targets_) set(line, at, line.verdict, watched(key.second));
  const auto sites = watched_sites();
  for (auto& [name, line] : sites_) set(line, at, line.verdict, sites.contains(name));
}

bool Uptime::watched(const std::string& target) const {
  const bool v6 = target.find(':') != std::string::npos;
  return !unwatched_ && !isolated_[v6 ? 1 : 0];
}

// Sites of which nobody knows a target are watched while either family is.
std::set<std::string> Uptime::watched_sites() const {
  std::set<std::string> known;
  std::set<std::string> out;
  for (const auto& [key, line] : targets_) {
    if (!line.planned) continue;
    known.insert(line.site);
    if (watched(key.second)) out.insert(line.site);
  }
  if (unwatched_ || (isolated_[0] && isolated_[1])) return out;
  for (const auto& [name, unused] : sites_) {
    if (!known.contains(name)) out.insert(name);
  }
  return out;
}

std::vector<UptimeFigures> Uptime::targets(WallTime now) const {
  std::vector<UptimeFigures> out;
  for (const auto& [key, line] : targets_) {
    if (line.planned) out.push_back(figures(key.first, key.second, line.site, line.time, now));
  }
  return out;
}

std::vector<UptimeFigures> Uptime::sites(WallTime now) const {
  std::vector<UptimeFigures> out;
  for (const auto& [name, line] : sites_) {
    if (!line.time.blank(now)) out.push_back(figures({}, {}, name, line.time, now));
  }
  return out;
}

std::vector<Entry> Uptime::known(WallTime at) const {
  std::vector<Entry> out;
  const auto add = [&out](Entry entry, Verdict verdict) {
    entry.more["to"] = health::verdict_name(verdict);
    out.push_back(std::move(entry));
  };
  if (unwatched_) out.push_back({.at = at, .kind = "unwatched"});
  for (const int family : {0, 1}) {
    if (!isolated_[family]) continue;
    out.push_back({.at = at, .kind = "isolated"});
    out.back().more["family"] = family == 0 ? "ipv4" : "ipv6";
  }
  for (const auto& [key, line] : targets_) {
    if (!line.planned || line.verdict == Verdict::unknown) continue;
    add({.at = at, .kind = "joined", .check = key.first, .target = key.second, .site = line.site},
        line.verdict);
  }
  for (const auto& [name, line] : sites_) {
    if (line.verdict != Verdict::unknown) add({.at = at, .kind = "site", .site = name}, line.verdict);
  }
  return out;
}

void Uptime::prune(WallTime now) {
  std::erase_if(targets_, [&](const auto& t) { return !t.second.planned && t.second.time.blank(now); });
  std::erase_if(sites_, [&](const auto& s) { return s.second.time.blank(now); });
  auto gone = static_cast<std::size_t>(
      std::ranges::count_if(targets_, [](const auto& t) { return !t.second.planned; }));
  std::erase_if(targets_, [&gone](const auto& t) {
    if (t.second.planned || gone <= kMostGone) return false;
    --gone;
    return true;
  });
}

}  // namespace gslbd::server
