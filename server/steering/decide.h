// SPDX-License-Identifier: Apache-2.0
#pragma once
// decide: which members a pool answers with. One pure function of the pool, what is believed of its members,
// and the client's family; the compiled answer sets and every explanation come from it.
//
// Thread: pure functions.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "health/hysteresis.h"
#include "server/steering/pool.h"

namespace gslbd::server {

using health::Verdict;

/// What is believed of the members of a pool, forced states included. Unknown counts as alive (nothing is
/// down before it was probed).
struct PoolState {
  std::vector<Verdict> members;
  /// The members that were up when any last was, by family (IPv4, IPv6); empty before that.
  std::vector<std::uint32_t> last_live[2] = {};
  bool pending[2] = {false, false};  ///< by family: the verdict of a target is about to change
  std::vector<bool> drained = {};    ///< by member; empty: none
  std::vector<double> shares = {};   ///< by member: how much of its weight it has (slow_start.h); empty: all

  bool is_drained(std::uint32_t member) const { return !drained.empty() && drained[member]; }
  /// What an answer may hold while it has a choice.
  bool is_available(std::uint32_t member) const {
    return members[member] != Verdict::down && !is_drained(member);
  }
};

/// Why the answer is what it is.
enum class Why : std::uint8_t {
  live,         ///< the members that are alive and not drained, narrowed by the steering
  no_members,   ///< the pool has no member of this family: NODATA
  failed_open,  ///< all are down: all are answered that are not drained, or all if nobody else is left
  last_live,    ///< all are down: the last live ones that are not drained are answered
  drained,      ///< all are drained, and those that are alive are answered: nobody else is left
  spare,        ///< all are down: another pool answers
  nodata,       ///< all are down: NODATA, as configured
  servfail,     ///< all are down: SERVFAIL, as configured
};
std::string_view why_name(Why w);

struct Decision {
  Why why = Why::no_members;
  std::uint32_t pool = 0;              ///< the pool whose members these are: another one when a spare answers
  std::vector<std::uint32_t> members;  ///< indexes into that pool's members; empty for NODATA and SERVFAIL
  Steer steer = Steer::all;            ///< that pool's
  bool servfail = false;
  bool pending = false;  ///< a verdict that this hangs on is about to change
  /// Slow start: by place in `members`, how many of kShareSteps parts of the clients see that member beside
  /// the others. Empty: all do.
  std::vector<std::uint32_t> shares = {};
};
constexpr std::uint32_t kShareSteps = 64;

/// Joins verdicts by the rule (Kleene's logic): `verdict_of(check)` is asked for each leaf. Up when the rule
/// holds whatever the unknown ones turn out to be, down when it cannot hold.
Verdict evaluate(const AliveRule& rule, const std::function<Verdict(std::uint32_t check)>& verdict_of);

/// The members of `family` that are neither down nor drained.
std::vector<std::uint32_t> live_members(const Pool& pool, const PoolState& state, Family family);

/// Spares must not form a cycle (the configuration reader refuses one).
Decision decide(std::span<const Pool> pools, std::span<const PoolState> states, std::uint32_t pool,
                Family family);

}  // namespace gslbd::server
