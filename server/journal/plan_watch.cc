// SPDX-License-Identifier: Apache-2.0
#include "server/journal/plan_watch.h"

#include <utility>

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

// A plan hardly differs from the one before: names are looked at only where something is not as it was.
std::vector<Entry> PlanWatch::plan(std::span<const health::TargetSpec> targets,
                                   std::span<const health::Believed> believed, WallTime at) {
  ++plan_;
  std::map<Key, Newcomer> come;
  std::map<Key, std::string> gone;  // -> site
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto [known, is_new] = targets_.try_emplace(believed[i].id);
    Target& target = known->second;
    // Of the checks that share a target, events bear the name of the first.
    if (std::exchange(target.plan, plan_) == plan_) continue;
    const health::TargetSpec& spec = targets[i];
    if (is_new || target.key.first != spec.check->name) {
      if (!is_new) gone.emplace(std::move(target.key), target.site);
      target.key = {spec.check->name, spec.address.to_string()};
      come.emplace(target.key, Newcomer{spec.site, believed[i].verdict});
    }
    if (target.site != spec.site) target.site = spec.site;
  }
  for (auto target = targets_.begin(); target != targets_.end();) {
    if (target->second.plan == plan_) {
      ++target;
    } else {
      gone.emplace(std::move(target->second.key), std::move(target->second.site));
      target = targets_.erase(target);
    }
  }
  return changes(come, gone, at);
}

// A check whose settings changed makes another target, but one of the same name: nobody came or went.
std::vector<Entry> PlanWatch::changes(const std::map<Key, Newcomer>& come,
                                      const std::map<Key, std::string>& gone, WallTime at) {
  std::vector<Entry> out;
  for (const auto& [key, is] : come) {
    if (gone.contains(key) || is.verdict == Verdict::unknown) continue;
    out.push_back({.at = at, .kind = "joined", .check = key.first, .target = key.second, .site = is.site});
    out.back().more["to"] = health::verdict_name(is.verdict);
  }
  for (const auto& [key, site] : gone) {
    if (come.contains(key)) continue;
    out.push_back({.at = at, .kind = "left", .check = key.first, .target = key.second, .site = site});
  }
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
