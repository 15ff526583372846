// SPDX-License-Identifier: Apache-2.0
#include "server/steering/decide.h"

#include <algorithm>

namespace gslbd::server {
namespace {

// How many of the parts are up, and how many are not down.
struct Tally {
  std::uint32_t up = 0;
  std::uint32_t possible = 0;
};

std::vector<std::uint32_t> members_of(const Pool& pool, Family family) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < pool.members.size(); ++i) {
    if (pool.members[i].address.family() == family) out.push_back(i);
  }
  return out;
}

// Failover: only the lowest tier among the candidates stays.
void keep_lowest_tier(const Pool& pool, std::vector<std::uint32_t>& candidates) {
  std::uint32_t lowest = UINT32_MAX;
  for (const auto m : candidates) lowest = std::min(lowest, pool.members[m].tier);
  std::erase_if(candidates, [&](auto m) { return pool.members[m].tier != lowest; });
}

}  // namespace

std::string_view why_name(Why w) {
  switch (w) {
    case Why::live:
      return "live";
    case Why::no_members:
      return "no_members";
    case Why::failed_open:
      return "failed_open";
    case Why::last_live:
      return "last_live";
    case Why::spare:
      return "spare";
    case Why::nodata:
      return "nodata";
    case Why::servfail:
      return "servfail";
  }
  return "unknown";
}

Verdict evaluate(const AliveRule& rule, const std::function<Verdict(std::uint32_t check)>& verdict_of) {
  if (rule.kind == AliveRule::Kind::check) return verdict_of(rule.check);
  Tally tally;
  for (const AliveRule& part : rule.of) {
    const Verdict v = evaluate(part, verdict_of);
    tally.up += v == Verdict::up ? 1 : 0;
    tally.possible += v != Verdict::down ? 1 : 0;
  }
  std::uint32_t needed = rule.at_least;
  if (rule.kind == AliveRule::Kind::all) needed = static_cast<std::uint32_t>(rule.of.size());
  if (rule.kind == AliveRule::Kind::any) needed = 1;
  if (tally.up >= needed) return Verdict::up;
  return tally.possible >= needed ? Verdict::unknown : Verdict::down;
}

std::vector<std::uint32_t> live_members(const Pool& pool, const PoolState& state, Family family) {
  auto out = members_of(pool, family);
  std::erase_if(out, [&](auto m) { return state.members[m] == Verdict::down; });
  return out;
}

Decision decide(std::span<const Pool> pools, std::span<const PoolState> states, std::uint32_t index,
                Family family) {
  const Pool& pool = pools[index];
  const PoolState& state = states[index];
  Decision decision{Why::live, index, live_members(pool, state, family), pool.steer, false};
  if (decision.members.empty()) {
    const auto everyone = members_of(pool, family);
    if (everyone.empty()) return {Why::no_members, index, {}, pool.steer, false};
    const auto& last = state.last_live[family == Family::v6 ? 1 : 0];
    switch (pool.when_all_down) {
      case WhenAllDown::nodata:
        return {Why::nodata, index, {}, pool.steer, false};
      case WhenAllDown::servfail:
        return {Why::servfail, index, {}, pool.steer, true};
      case WhenAllDown::pool: {
        Decision spare = decide(pools, states, pool.spare, family);
        if (spare.why == Why::live || spare.why == Why::failed_open) spare.why = Why::spare;
        // A spare without this family would leave the name empty by accident: then fail open instead.
        if (spare.why != Why::no_members) return spare;
        decision.members = everyone;
        decision.why = Why::failed_open;
        break;
      }
      case WhenAllDown::last:
        decision.members = last.empty() ? everyone : last;
        decision.why = last.empty() ? Why::failed_open : Why::last_live;
        break;
      case WhenAllDown::all:
        decision.members = everyone;
        decision.why = Why::failed_open;
        break;
    }
  }
  if (pool.steer == Steer::failover) keep_lowest_tier(pool, decision.members);
  return decision;
}

}  // namespace gslbd::server
