// SPDX-License-Identifier: Apache-2.0
#pragma once
// Steering: where zones meet health. It holds the pools of one configuration and what is believed of their
// members, turns a target's verdict into the pools it touches, and compiles those.
//
// Thread: main only.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "health/monitor.h"
#include "server/answer/answer_set.h"
#include "server/steering/decide.h"

namespace gslbd::server {

class Steering {
 public:
  explicit Steering(std::vector<Pool> pools);

  /// Every (check, address) the pools need, in a fixed order: what the monitor is asked to probe.
  std::span<const health::TargetSpec> targets() const { return targets_; }
  /// What the monitor calls them and believes of them; in the order of targets(). Call once, before
  /// compile().
  void bind(std::span<const health::Believed> believed);
  /// Takes over the last live sets of pools and members that an earlier configuration had too.
  void inherit(const Steering& earlier);

  /// Notes a target's verdict. Returns the pools whose answers may have changed, each once, spares' users
  /// included.
  std::vector<std::uint32_t> apply(health::TargetId target, Verdict verdict);

  std::unique_ptr<const AnswerSet> compile(std::uint32_t pool) const;
  Decision decide(std::uint32_t pool, Family family) const;

  std::span<const Pool> pools() const { return pools_; }
  const PoolState& state(std::uint32_t pool) const { return states_[pool]; }
  /// What is believed of a member by one of its pool's checks.
  Verdict verdict(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const;
  /// The meaning of answer counters: (pool index, site) by counter.
  const std::vector<std::pair<std::uint32_t, std::string>>& counters() const { return counters_; }

 private:
  struct User {
    std::uint32_t pool;
    std::uint32_t member;
  };

  void add_targets();
  void add_counters();
  void refresh_member(std::uint32_t pool, std::uint32_t member);
  void refresh_last_live(std::uint32_t pool);
  std::size_t target_index(std::uint32_t pool, std::uint32_t member, std::uint32_t check) const;

  std::vector<Pool> pools_;
  std::vector<PoolState> states_;
  std::vector<std::vector<std::size_t>>
      target_of_;  ///< by pool: member * checks + check → index into targets_
  std::vector<health::TargetSpec> targets_;
  std::vector<Verdict> verdicts_;         ///< by index into targets_
  std::vector<health::TargetId> ids_;     ///< likewise
  std::vector<std::vector<User>> users_;  ///< likewise: the members that hang on it
  std::unordered_map<health::TargetId, std::size_t> index_of_;
  std::vector<std::vector<std::uint32_t>> spared_by_;  ///< by pool: the pools that fall back to it
  std::vector<std::pair<std::uint32_t, std::string>> counters_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> counter_of_;
};

}  // namespace gslbd::server
