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

std::vector<std::uint32_t> without_drained(const PoolState& state, std::vector<std::uint32_t> members) {
  std::erase_if(members, [&](auto m) { return state.is_drained(m); });
  return members;
}

constexpr std::size_t place_of(Family family) {
  return family == Family::v6 ? 1 : 0;
}

// Nobody is available. Who is drained is not brought back as long as there is anybody else, dead or not: the
// operator knows why. With nobody else, the drained that live are the best there is.
void fail_open(const Pool& pool, const PoolState& state, Family family, Decision& decision) {
  const auto everyone = members_of(pool, family);
  decision.why = Why::failed_open;
  decision.members = without_drained(state, everyone);
  if (!decision.members.empty()) return;
  decision.members = everyone;
  std::erase_if(decision.members, [&](auto m) { return state.members[m] == Verdict::down; });
  if (decision.members.empty()) {
    decision.members = everyone;
  } else {
    decision.why = Why::drained;
  }
}

// Shares count against the largest one: where everybody has just recovered, nobody waits for anybody. What is
// left of two shares that grow alike only grows, so no client is taken back from a member it was given to.
std::vector<std::uint32_t> shares_of(const PoolState& state, const std::vector<std::uint32_t>& members) {
  if (state.shares.empty()) return {};
  double largest = 0;
  for (const auto m : members) largest = std::max(largest, state.shares[m]);
  std::vector<std::uint32_t> shares;
  bool all_whole = true;
  for (const auto m : members) {
    const auto steps = static_cast<std::uint32_t>(state.shares[m] / largest * kShareSteps);
    shares.push_back(std::clamp(steps, 1U, kShareSteps));
    all_whole = all_whole && shares.back() == kShareSteps;
  }
  return all_whole ? std::vector<std::uint32_t>() : shares;
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
    case Why::drained:
      return "drained";
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
  if (rule.kind == AliveRule::Kind::negated) {
    return tally.up == 1 ? Verdict::down : tally.possible == 1 ? Verdict::unknown : Verdict::up;
  }
  std::uint32_t needed = rule.at_least;
  if (rule.kind == AliveRule::Kind::all) needed = static_cast<std::uint32_t>(rule.of.size());
  if (rule.kind == AliveRule::Kind::any) needed = 1;
  if (tally.up >= needed) return Verdict::up;
  return tally.possible >= needed ? Verdict::unknown : Verdict::down;
}

std::vector<std::uint32_t> live_members(const Pool& pool, const PoolState& state, Family family) {
  auto out = members_of(pool, family);
  std::erase_if(out, [&](auto m) { return !state.is_available(m); });
  return out;
}

Decision decide(std::span<const Pool> pools, std::span<const PoolState> states, std::uint32_t index,
                Family family) {
  const Pool& pool = pools[index];
  const PoolState& state = states[index];
  const bool pending = state.pending[place_of(family)];
  Decision decision{Why::live, index, live_members(pool, state, family), pool.steer, false, pending};
  if (!decision.members.empty()) {
    if (pool.steer == Steer::failover) keep_lowest_tier(pool, decision.members);
    if (pool.steer == Steer::weighted) decision.shares = shares_of(state, decision.members);
    return decision;
  }
  if (members_of(pool, family).empty()) {
    decision.why = Why::no_members;
    return decision;
  }
  switch (pool.when_all_down) {
    case WhenAllDown::nodata:
      decision.why = Why::nodata;
      return decision;
    case WhenAllDown::servfail:
      decision.why = Why::servfail;
      decision.servfail = true;
      return decision;
    case WhenAllDown::pool: {
      Decision spare = decide(pools, states, pool.spare, family);
      if (spare.why == Why::live || spare.why == Why::failed_open) spare.why = Why::spare;
      spare.pending = spare.pending || pending;
      // A spare without this family would leave the name empty by accident: then fail open instead.
      if (spare.why != Why::no_members) return spare;
      break;
    }
    case WhenAllDown::last:
      decision.members = without_drained(state, state.last_live[place_of(family)]);
      decision.why = Why::last_live;
      break;
    case WhenAllDown::all:
      break;
  }
  if (decision.members.empty()) fail_open(pool, state, family, decision);
  if (pool.steer == Steer::failover) keep_lowest_tier(pool, decision.members);
  return decision;
}

}  // namespace gslbd::server
