// SPDX-License-Identifier: Apache-2.0
#include "server/journal/plan_watch.h"

#include <unordered_set>

namespace gslbd::server {

using health::Verdict;

Verdict PlanWatch::Count::verdict() const {
  return up != 0 ? Verdict::up : unknown != 0 || members == 0 ? Verdict::unknown : Verdict::down;
}

void PlanWatch::Count::add(const Count& other, bool subtract) {
  const auto into = [subtract](std::uint32_t& to, std::uint32_t n) { to = subtract ? to - n : to + n; };
  into(up, other.up);
  into(unknown, other.unknown);
  into(members, other.members);
}

std::vector<Entry> PlanWatch::plan(std::span<const health::TargetSpec> targets,
                                   std::span<const health::Believed> believed, WallTime at) {
  std::vector<Entry> out;
  std::map<std::pair<std::string, std::string>, std::string> next;
  std::unordered_set<health::TargetId> seen;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // Of the checks that share a target, events bear the name of the first.
    if (!seen.insert(believed[i].id).second) continue;
    const std::pair key(targets[i].check->name, targets[i].address.to_string());
    next[key] = targets[i].site;
    if (targets_.contains(key) || believed[i].verdict == Verdict::unknown) continue;
    out.push_back(
        {.at = at, .kind = "joined", .check = key.first, .target = key.second, .site = targets[i].site});
    out.back().more["to"] = health::verdict_name(believed[i].verdict);
  }
  for (const auto& [key, site] : targets_) {
    if (next.contains(key)) continue;
    out.push_back({.at = at, .kind = "left", .check = key.first, .target = key.second, .site = site});
  }
  targets_ = std::move(next);
  return out;
}

void PlanWatch::begin() {
  reading_ = true;
  for (auto& [unused, pool] : pools_) pool.current = false;
}

std::vector<Entry> PlanWatch::pool(const Pool& pool, std::span<const Verdict> members, WallTime at) {
  std::vector<Entry> out;
  PoolState& state = pools_[pool.name];
  state.current = true;
  std::set<std::string> touched;
  for (const auto& [site, count] : state.by_site) {
    sites_[site].count.add(count, /*subtract=*/true);
    touched.insert(site);
  }
  state.by_site.clear();
  Count all;
  for (std::size_t m = 0; m < pool.members.size() && m < members.size(); ++m) {
    const Count one{members[m] == Verdict::up ? 1U : 0U, members[m] == Verdict::unknown ? 1U : 0U, 1};
    all.add(one, false);
    state.by_site[pool.members[m].site].add(one, false);
  }
  for (const auto& [site, count] : state.by_site) {
    sites_[site].count.add(count, /*subtract=*/false);
    touched.insert(site);
  }
  if (all.verdict() != state.told) {
    out.push_back({.at = at, .kind = "pool"});
    out.back().more = {{"pool", pool.name},
                       {"from", health::verdict_name(state.told)},
                       {"to", health::verdict_name(all.verdict())},
                       {"alive", all.up},
                       {"members", all.members}};
    state.told = all.verdict();
  }
  if (!reading_) tell_sites(touched, at, out);
  return out;
}

std::vector<Entry> PlanWatch::end(WallTime at) {
  reading_ = false;
  std::vector<Entry> out;
  std::set<std::string> all;
  for (const auto& [unused, pool] : pools_) {
    if (pool.current) continue;
    for (const auto& [site, count] : pool.by_site) sites_[site].count.add(count, /*subtract=*/true);
  }
  std::erase_if(pools_, [](const auto& pool) { return !pool.second.current; });
  for (const auto& [site, unused] : sites_) all.insert(site);
  tell_sites(all, at, out);
  return out;
}

void PlanWatch::tell_sites(const std::set<std::string>& names, WallTime at, std::vector<Entry>& out) {
  for (const std::string& name : names) {
    const auto site = sites_.find(name);
    if (site == sites_.end()) continue;
    const Count& count = site->second.count;
    const Verdict now = count.verdict();
    if (!name.empty() && now != site->second.told) {  // members without a site are none
      out.push_back({.at = at, .kind = "site", .site = name});
      out.back().more = {{"from", health::verdict_name(site->second.told)},
                         {"to", health::verdict_name(now)},
                         {"alive", count.up},
                         {"members", count.members}};
      site->second.told = now;
    }
    if (count.members == 0) sites_.erase(site);
  }
}

}  // namespace gslbd::server
