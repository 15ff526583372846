// SPDX-License-Identifier: Apache-2.0
#pragma once
// PlanWatch: turns what the server serves into entries: targets that come into the plan with a verdict from
// before, or leave it; pools and sites that lose their last live member or get one again.
//
// A pool or site is "up" while a member of it is alive, else "unknown" while one is unknown, else "down".
//
// Thread: one at a time; main.

#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "health/target.h"
#include "server/journal/entry.h"
#include "server/steering/pool.h"

namespace gslbd::server {

class PlanWatch {
 public:
  /// A whole plan and what is believed of each of its targets, in the same order.
  std::vector<Entry> plan(std::span<const health::TargetSpec> targets,
                          std::span<const health::Believed> believed, WallTime at);

  /// The members of one pool as they count now: as many verdicts as `pool` has members. Call for every pool
  /// of a configuration after begin(), and end() after them; later for single pools with changes.
  void begin();
  std::vector<Entry> pool(const Pool& pool, std::span<const health::Verdict> members, WallTime at);
  std::vector<Entry> end(WallTime at);

 private:
  struct Count {
    std::uint32_t up = 0;
    std::uint32_t unknown = 0;
    std::uint32_t members = 0;
    health::Verdict verdict() const;
    void add(const Count& other, bool subtract);
  };
  struct PoolState {
    health::Verdict told = health::Verdict::unknown;
    std::map<std::string, Count> by_site;
    bool current = true;  ///< in the configuration that is being read
  };
  struct SiteState {
    health::Verdict told = health::Verdict::unknown;
    Count count;
  };
  using Key = std::pair<std::string, std::string>;  ///< check and target, as entries name them
  struct Target {
    Key key;
    std::string site;
    std::uint64_t plan = 0;  ///< the last plan that had it
  };
  struct Newcomer {
    std::string site;
    health::Verdict verdict;
  };
  static std::vector<Entry> changes(const std::map<Key, Newcomer>& come,
                                    const std::map<Key, std::string>& gone, WallTime at);
  void tell_sites(const std::set<std::string>& names, WallTime at, std::vector<Entry>& out);

  std::unordered_map<health::TargetId, Target> targets_;
  std::uint64_t plan_ = 0;
  std::map<std::string, PoolState> pools_;
  std::map<std::string, SiteState> sites_;
  bool reading_ = false;  ///< between begin() and end(): sites are told at the end
};

}  // namespace gslbd::server
