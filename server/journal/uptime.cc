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
    Line& line = targets_[{entry.check, entry.target}];
    line.site = entry.site;
    line.planned = true;
    set(line, entry.at, verdict_of(text(entry.more, "to")));
  } else if (kind == "left") {
    const auto found = targets_.find({entry.check, entry.target});
    if (found == targets_.end()) return;
    set(found->second, entry.at, Verdict::unknown);
    found->second.planned = false;
  } else if (kind == "site") {
    set(sites_[entry.site], entry.at, verdict_of(text(entry.more, "to")));
  } else if (kind == "isolated" || kind == "connected") {
    set_isolated(entry.at, kind == "isolated");
  } else if (kind == "start") {
    // After a crash there is no "stop": the start tells until when somebody watched.
    isolated_ = false;
    all_unknown(parse_wall_time(text(entry.more, "alive_until")).value_or(entry.at));
  } else if (kind == "stop") {
    all_unknown(entry.at);
  }
}

void Uptime::set(Line& line, WallTime at, Verdict verdict) {
  line.verdict = verdict;
  line.time.set(at, isolated_ ? Verdict::unknown : verdict);
}

void Uptime::all_unknown(WallTime at) {
  for (auto& [unused, line] : targets_) {
    set(line, at, Verdict::unknown);
    line.planned = false;  // until it is heard of again
  }
  for (auto& [unused, line] : sites_) set(line, at, Verdict::unknown);
}

void Uptime::set_isolated(WallTime at, bool isolated) {
  if (isolated == isolated_) return;
  isolated_ = isolated;
  for (auto& [unused, line] : targets_) set(line, at, line.verdict);
  for (auto& [unused, line] : sites_) set(line, at, line.verdict);
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
