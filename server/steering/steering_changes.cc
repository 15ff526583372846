// SPDX-License-Identifier: Apache-2.0
// What Steering makes of changes: verdicts, forced states, slow starts, and an earlier configuration.
#include <algorithm>
#include <string_view>

#include "server/steering/steering.h"

namespace gslbd::server {

void Steering::bind(std::span<const health::Believed> believed, const ForcedLookup& forced) {
  PoolSet ignored;
  index_of_.reserve(known_.size());
  for (std::size_t i = 0; i < known_.size(); ++i) {
    known_[i].id = believed[i].id;
    known_[i].verdict = believed[i].verdict;
    set_pending(known_[i], believed[i].pending, ignored);
    index_of_[known_[i].id] = i;
  }
  look_up(forced);
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) refresh_member(p, m);
    refresh_last_live(p);
  }
}

void Steering::inherit(const Steering& earlier, MonotonicTime now) {
  client_key_ = earlier.client_key_;
  std::unordered_map<std::string_view, std::uint32_t> by_name;
  by_name.reserve(earlier.pools_.size());
  for (std::uint32_t p = 0; p < earlier.pools_.size(); ++p) by_name[earlier.pools_[p].name] = p;
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    const auto was = by_name.find(pools_[p].name);
    if (was == by_name.end()) continue;
    inherit_last_live(p, earlier, was->second);
    inherit_ramps(p, earlier, was->second, now);
  }
}

void Steering::inherit_last_live(std::uint32_t pool, const Steering& earlier, std::uint32_t earlier_pool) {
  for (std::size_t family = 0; family < 2; ++family) {
    auto& last = states_[pool].last_live[family];
    if (!last.empty()) continue;  // it has live members now
    std::set<Address> addresses;
    for (const auto m : earlier.states_[earlier_pool].last_live[family]) {
      addresses.insert(earlier.pools_[earlier_pool].members[m].address);
    }
    for (std::uint32_t m = 0; m < pools_[pool].members.size(); ++m) {
      if (addresses.contains(pools_[pool].members[m].address)) last.push_back(m);
    }
  }
}

// Who recovers in the very moment of a reload is no exception; who is new has nothing to recover from.
void Steering::inherit_ramps(std::uint32_t pool, const Steering& earlier, std::uint32_t earlier_pool,
                             MonotonicTime now) {
  if (!slow_starts_[pool].ramps()) return;
  std::map<Address, std::uint32_t> was;
  const auto& members = earlier.pools_[earlier_pool].members;
  for (std::uint32_t m = 0; m < members.size(); ++m) was[members[m].address] = m;
  for (std::uint32_t m = 0; m < pools_[pool].members.size(); ++m) {
    const auto found = was.find(pools_[pool].members[m].address);
    if (found == was.end() || !states_[pool].is_available(m)) continue;
    if (!earlier.states_[earlier_pool].is_available(found->second)) {
      slow_starts_[pool].begin(m, now);
    } else if (const auto began = earlier.slow_starts_[earlier_pool].began(found->second)) {
      slow_starts_[pool].begin(m, *began);
    }
  }
  refresh_shares(pool, now);
}

Steering::Touched Steering::apply(const health::VerdictChange& change, MonotonicTime now) {
  const auto found = index_of_.find(change.id);
  // A verdict may still be under way for a target that a reload has just taken out of the plan.
  if (found == index_of_.end()) return {};
  Target& target = known_[found->second];
  PoolSet changed;
  set_pending(target, change.pending, changed);
  if (target.verdict != change.to) {
    target.verdict = change.to;
    for (const User& user : target.users) change_member(user.pool, user.member, now, changed);
  }
  return settle(std::move(changed), now);
}

Steering::Touched Steering::set_forced(const ForcedLookup& forced, MonotonicTime now) {
  look_up(forced);
  PoolSet changed;
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) change_member(p, m, now, changed);
  }
  return settle(std::move(changed), now);
}

std::optional<MonotonicTime> Steering::next_step() const {
  std::optional<MonotonicTime> next;
  for (const SlowStart& s : slow_starts_) {
    if (s.next_step() && (!next || *s.next_step() < *next)) next = s.next_step();
  }
  return next;
}

Steering::Touched Steering::advance(MonotonicTime now) {
  PoolSet changed;
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    const auto next = slow_starts_[p].next_step();
    if (next && *next <= now) changed.insert(p);
  }
  return settle(std::move(changed), now);
}

void Steering::look_up(const ForcedLookup& forced) {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    known_[i].forced.reset();
    if (!forced.target) continue;
    for (const std::string& name : known_[i].names) {
      if (!known_[i].forced) known_[i].forced = forced.target(name, targets_[i].address);
    }
  }
  for (std::uint32_t p = 0; p < pools_.size(); ++p) {
    for (std::uint32_t m = 0; m < pools_[p].members.size(); ++m) {
      const Member& member = pools_[p].members[m];
      auto& mine = forced_members_[p][m];
      mine.reset();
      if (forced.member) mine = forced.member(pools_[p].name, member.address, member.site);
    }
  }
}

// True when something about the member changed that answers depend on.
bool Steering::refresh_member(std::uint32_t pool, std::uint32_t member) {
  Verdict counts = evaluate_checks(pool, member, true);
  bool drained = false;
  for (std::uint32_t c = 0; c < pools_[pool].checks.size(); ++c) {
    drained = drained || forced(pool, member, c) == ForcedState::drain;
  }
  if (const auto mine = forced_members_[pool][member]) {
    drained = *mine == ForcedState::drain;
    if (!drained) counts = *mine == ForcedState::up ? Verdict::up : Verdict::down;
  }
  PoolState& state = states_[pool];
  const bool same = state.members[member] == counts && state.drained[member] == drained;
  state.members[member] = counts;
  state.drained[member] = drained;
  return !same;
}

void Steering::change_member(std::uint32_t pool, std::uint32_t member, MonotonicTime now, PoolSet& changed) {
  const bool was_available = states_[pool].is_available(member);
  if (!refresh_member(pool, member)) return;
  changed.insert(pool);
  const bool available = states_[pool].is_available(member);
  if (available && !was_available) slow_starts_[pool].begin(member, now);
  if (!available) slow_starts_[pool].end(member);
}

void Steering::set_pending(Target& target, bool pending, PoolSet& changed) {
  if (target.pending == pending) return;
  target.pending = pending;
  for (const User& user : target.users) {
    const std::size_t family = pools_[user.pool].members[user.member].address.is_v4() ? 0 : 1;
    std::uint32_t& count = pending_[user.pool][family];
    count = pending ? count + 1 : count - 1;
    bool& now_pending = states_[user.pool].pending[family];
    if (now_pending == (count > 0)) continue;
    now_pending = count > 0;
    // Whoever falls back to this pool may care even if it does not itself.
    if (pools_[user.pool].ttl_pending_s || !spared_by_[user.pool].empty()) changed.insert(user.pool);
  }
}

void Steering::refresh_last_live(std::uint32_t pool) {
  for (const Family family : {Family::v4, Family::v6}) {
    auto live = live_members(pools_[pool], states_[pool], family);
    // Who has never been seen up is answered, but no memory to fall back on.
    std::erase_if(live, [&](auto m) { return states_[pool].members[m] != Verdict::up; });
    if (!live.empty()) states_[pool].last_live[family == Family::v6 ? 1 : 0] = std::move(live);
  }
}

void Steering::refresh_shares(std::uint32_t pool, MonotonicTime now) {
  slow_starts_[pool].update(now);
  states_[pool].shares = slow_starts_[pool].shares();
}

// The pools that changed, and those that may answer with one of them.
Steering::Touched Steering::settle(PoolSet changed, MonotonicTime now) {
  Touched queue(changed.begin(), changed.end());
  for (const auto p : queue) {
    refresh_last_live(p);
    refresh_shares(p, now);
  }
  for (std::size_t i = 0; i < queue.size(); ++i) {
    for (const auto p : spared_by_[queue[i]]) {
      if (changed.insert(p).second) queue.push_back(p);
    }
  }
  return queue;
}

}  // namespace gslbd::server
