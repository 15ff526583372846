// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pools as the status shows them. Main copies what stands now, which is quick; whoever was asked makes the
// JSON of it, which is not: a few microseconds a member.
//
// Thread: report_pools() main, pools_json() any.

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "server/control/forced_states.h"
#include "server/steering/steering.h"

namespace gslbd::server {

struct MemberReport {
  Address address;
  std::string site;
  std::uint32_t weight = 0;
  std::uint32_t tier = 0;
  MemberView view;
  std::vector<Verdict> checks;              ///< in the order of PoolReport::checks
  std::map<std::string, Verdict> combined;  ///< by the combined checks of the pool's rule
};

struct PoolReport {
  /// What is answered to A or AAAA.
  struct Answer {
    Why why = Why::no_members;
    std::vector<Address> addresses;
    bool pending = false;
    std::uint32_t ttl_s = 0;
    std::string from_pool;  ///< empty: the pool itself
  };
  std::string name;
  Steer steer = Steer::all;
  std::uint32_t ttl_s = 0;
  std::vector<std::shared_ptr<const health::Check>> checks;
  std::array<Answer, 2> answers;  ///< A, AAAA
  std::vector<MemberReport> members;
};

std::vector<PoolReport> report_pools(const Steering& steering);
Json pools_json(std::span<const PoolReport> pools, const ForcedStates& forced);

}  // namespace gslbd::server
