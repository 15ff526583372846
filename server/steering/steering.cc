// SPDX-License-Identifier: Apache-2.0
#include "server/steering/steering.h"

#include <algorithm>
#include <set>

#include "server/steering/compile.h"

namespace gslbd::server {

Steering::Steering(std::vector<Pool> pools) : pools_(std::move(pools)), states_(pools_.size()) {
  spared_by_.resize(pools_.size());
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    const bool unchecked = !pools_[p].alive;
    states_[p].members.assign(pools_[p].members.size(), unchecked ? Verdict::up : Verdict::unknown);
    if (pools_[p].when_all_down == WhenAllDown::pool) spared_by_[pools_[p].spare].push_back(p);
  }
  add_targets();
  add_counters();
}

// One target for each distinct (check, address), however many pools use it.
void Steering::add_targets() {
  std::map<std::pair<std::string, Address>, std::size_t> known;
  target_of_.resize(pools_.size());
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) {
      for (const auto& check : pools_[p].checks) {
        const Address& address = pools_[p].members[m].address;
        const auto [at, added] = known.try_emplace({check->fingerprint(), address}, targets_.size());
        if (added) {
          targets_.push_back({check, address});
          users_.emplace_back();
        }
        target_of_[p].push_back(at->second);
        users_[at->second].push_back({p, m});
      }
    }
  }
  verdicts_.assign(targets_.size(), Verdict::unknown);
  ids_.assign(targets_.size(), 0);
}

// A pool may answer with its own members' sites and, when it is down, with those of its spares.
void Steering::add_counters() {
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t from = p;;) {
      for (const Member& member : pools_[from].members) {
        const auto [at, added] =
            counter_of_.try_emplace({p, member.site}, static_cast<std::uint32_t>(counters_.size()));
        if (added) counters_.push_back(at->first);
      }
      if (pools_[from].when_all_down != WhenAllDown::pool) break;
      from = pools_[from].spare;
    }
  }
}

void Steering::bind(std::span<const health::Believed> believed) {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    ids_[i] = believed[i].id;
    verdicts_[i] = believed[i].verdict;
    index_of_[ids_[i]] = i;
  }
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) refresh_member(p, m);
    refresh_last_live(p);
  }
}

void Steering::inherit(const Steering& earlier) {
  std::map<std::string_view, std::uint32_t> by_name;
  for (std::uint32_t p = 0; p < earlier.pools_.size(); ++p) by_name[earlier.pools_[p].name] = p;
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    const auto was = by_name.find(pools_[p].name);
    if (was == by_name.end()) continue;
    for (std::size_t family = 0; family < 2; ++family) {
      auto& last = states_[p].last_live[family];
      if (!last.empty()) continue;  // it has live members now
      std::set<Address> addresses;
      for (const auto m : earlier.states_[was->second].last_live[family]) {
        addresses.insert(earlier.pools_[was->second].members[m].address);
      }
      for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) {
        if (addresses.contains(pools_[p].members[m].address)) last.push_back(m);
      }
    }
  }
}

std::vector<std::uint32_t> Steering::apply(health::TargetId target, Verdict verdict) {
  const auto found = index_of_.find(target);
  // A verdict may still be under way for a target that a reload has just taken out of the plan.
  if (found == index_of_.end() || verdicts_[found->second] == verdict) return {};
  verdicts_[found->second] = verdict;
  std::set<std::uint32_t> touched;
  for (const User& user : users_[found->second]) {
    const Verdict before = states_[user.pool].members[user.member];
    refresh_member(user.pool, user.member);
    if (states_[user.pool].members[user.member] != before) touched.insert(user.pool);
  }
  std::vector<std::uint32_t> queue(touched.begin(), touched.end());
  for (const auto p : queue) refresh_last_live(p);
  for (std::size_t i = 0; i < queue.size(); ++i) {
    for (const auto p : spared_by_[queue[i]]) {
      if (touched.insert(p).second) queue.push_back(p);
    }
  }
  return queue;
}

std::unique_ptr<const AnswerSet> Steering::compile(std::uint32_t pool) const {
  const CounterOf counter_of = [&](const std::string& site) { return counter_of_.at({pool, site}); };
  auto set = std::make_unique<AnswerSet>();
  set->v4 = server::compile(decide(pool, Family::v4), pools_, pools_[pool].ttl_s, counter_of);
  set->v6 = server::compile(decide(pool, Family::v6), pools_, pools_[pool].ttl_s, counter_of);
  return set;
}

Decision Steering::decide(std::uint32_t pool, Family family) const {
  return server::decide(pools_, states_, pool, family);
}

Verdict Steering::verdict(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const {
  return verdicts_[target_index(pool, member, check)];
}

std::size_t Steering::target_index(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const {
  return target_of_[pool][member * pools_[pool].checks.size() + check];
}

void Steering::refresh_member(std::uint32_t pool, std::uint32_t member) {
  if (!pools_[pool].alive) return;
  states_[pool].members[member] =
      evaluate(*pools_[pool].alive, [&](std::uint32_t check) { return verdict(pool, member, check); });
}

void Steering::refresh_last_live(std::uint32_t pool) {
  for (const Family family : {Family::v4, Family::v6}) {
    auto live = live_members(pools_[pool], states_[pool], family);
    // Who has never been seen up is answered, but no memory to fall back on.
    std::erase_if(live, [&](auto m) { return states_[pool].members[m] != Verdict::up; });
    if (!live.empty()) states_[pool].last_live[family == Family::v6 ? 1 : 0] = std::move(live);
  }
}

}  // namespace gslbd::server
