// SPDX-License-Identifier: Apache-2.0
#pragma once
// Steering: where zones meet health. It holds the pools of one configuration and what is believed of their
// members, turns every change (a target's verdict, a forced state, a step of a slow start) into the pools it
// touches, and compiles those.
//
// Invariant: what is compiled and what is explained come from decide() over the same states.
//
// Thread: main only.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "health/monitor.h"
#include "server/answer/answer_set.h"
#include "server/steering/decide.h"
#include "server/steering/forced.h"
#include "server/steering/slow_start.h"

namespace gslbd::server {

/// A member as it stands, and why.
struct MemberView {
  Verdict counts = Verdict::unknown;   ///< what the steering goes by
  Verdict checked = Verdict::unknown;  ///< what the checks say, nothing forced
  bool drained = false;
  std::optional<ForcedState> forced;  ///< the member itself, its pool or its site; not its targets
  double share = 1.0;                 ///< of its weight: below 1 in slow start
};

class Steering {
 public:
  using Touched = std::vector<std::uint32_t>;  ///< pools whose answers may have changed, each once

  /// Without a key, a fresh one divides the clients in slow starts.
  explicit Steering(std::shared_ptr<const std::vector<Pool>> pools,
                    std::optional<SipHashKey> client_key = std::nullopt);
  explicit Steering(std::vector<Pool> pools, std::optional<SipHashKey> client_key = std::nullopt)
      : Steering(std::make_shared<const std::vector<Pool>>(std::move(pools)), client_key) {}

  /// Every (check, address) the pools need, in a fixed order: what the monitor is asked to probe.
  std::span<const health::TargetSpec> targets() const { return targets_; }
  /// What the monitor calls them and believes of them, in the order of targets(), and what is forced. Call
  /// once, before compile(). Nobody counts as just recovered.
  void bind(std::span<const health::Believed> believed, const ForcedLookup& forced = {});
  /// Takes over, for the pools and members that an earlier configuration had too, the last live sets and the
  /// slow starts. Call after bind().
  void inherit(const Steering& earlier, MonotonicTime now);

  /// Notes a target's verdict, and whether it is about to change.
  Touched apply(const health::VerdictChange& change, MonotonicTime now);
  /// Looks up anew what is forced.
  Touched set_forced(const ForcedLookup& forced, MonotonicTime now);
  /// When advance() is due; nullopt while there is no slow start.
  std::optional<MonotonicTime> next_step() const;
  /// Lets the shares in slow starts grow.
  Touched advance(MonotonicTime now);

  std::unique_ptr<const AnswerSet> compile(std::uint32_t pool) const;
  Decision decide(std::uint32_t pool, Family family) const;

  std::span<const Pool> pools() const { return pools_; }
  const PoolState& state(std::uint32_t pool) const { return states_[pool]; }
  /// What is believed of a member by one of its pool's checks, nothing forced.
  Verdict verdict(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const;
  /// What is forced of that check on the member's address.
  std::optional<ForcedState> forced(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const;
  MemberView member(std::uint32_t pool, std::uint32_t member) const;
  /// The name under which the monitor knows the target of a check: checks with equal settings share one.
  /// Empty when there is no such target.
  std::string probed_as(const std::string& check, const Address& address) const;
  /// What the combined checks in the pool's rule make of a member (their names are the rule's), nothing
  /// forced.
  std::map<std::string, Verdict> combined(std::uint32_t pool, std::uint32_t member) const;
  /// Which part of the clients one belongs to: answer_set.h.
  std::uint32_t share_of(const Address& client) const { return client_share(client_key_, client); }
  /// The meaning of answer counters: (pool index, site) by counter.
  const std::vector<std::pair<std::uint32_t, std::string>>& counters() const { return counters_; }

 private:
  struct User {
    std::uint32_t pool;
    std::uint32_t member;
  };

  // What is known of one target.
  struct Target {
    health::TargetId id = 0;
    Verdict verdict = Verdict::unknown;
    bool pending = false;
    std::optional<ForcedState> forced = {};
    std::vector<std::string> names = {};  // of the checks that share it
    std::vector<User> users = {};         // the members that hang on it
  };
  using PoolSet = std::set<std::uint32_t>;

  void add_targets();
  void add_counters();
  std::uint32_t counter_of(std::uint32_t pool, const std::string& site) const;
  void look_up(const ForcedLookup& forced);
  bool refresh_member(std::uint32_t pool, std::uint32_t member);
  void change_member(std::uint32_t pool, std::uint32_t member, MonotonicTime now, PoolSet& changed);
  void set_pending(Target& target, bool pending, PoolSet& changed);
  void refresh_last_live(std::uint32_t pool);
  void refresh_shares(std::uint32_t pool, MonotonicTime now);
  void inherit_last_live(std::uint32_t pool, const Steering& earlier, std::uint32_t earlier_pool);
  void inherit_ramps(std::uint32_t pool, const Steering& earlier, std::uint32_t earlier_pool,
                     MonotonicTime now);
  Touched settle(PoolSet changed, MonotonicTime now);
  Verdict evaluate_checks(std::uint32_t pool, std::uint32_t member, bool with_forced) const;
  std::size_t target_index(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const;

  const std::shared_ptr<const std::vector<Pool>> pool_list_;
  const std::span<const Pool> pools_;
  std::vector<PoolState> states_;
  std::vector<SlowStart> slow_starts_;                                   ///< by pool
  std::vector<std::vector<std::optional<ForcedState>>> forced_members_;  ///< by pool and member
  std::vector<std::array<std::uint32_t, 2>> pending_;  ///< by pool and family: targets about to change
  SipHashKey client_key_;
  std::vector<std::vector<std::size_t>>
      target_of_;  ///< by pool: member * checks + check → index into targets_
  std::vector<health::TargetSpec> targets_;
  std::vector<Target> known_;  ///< by index into targets_
  std::unordered_map<health::TargetId, std::size_t> index_of_;
  std::vector<std::vector<std::uint32_t>> spared_by_;            ///< by pool: the pools that fall back to it
  std::vector<std::pair<std::uint32_t, std::string>> counters_;  ///< those of a pool together, sorted
  std::vector<std::size_t> first_counter_;                       ///< by pool, and one for the end
};

}  // namespace gslbd::server
