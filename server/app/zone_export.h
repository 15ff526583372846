// SPDX-License-Identifier: Apache-2.0
#pragma once
// A loaded zone as an RFC 1035 master file, pools as the addresses they answer now: the way out, and the way
// tests compare us with other servers. Main says what the zone is and what its pools answer; the text, which
// takes seconds for a million names, is made by whoever was asked.
//
// Thread: snapshot_zone() main, to_master_file() any.

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "server/config/loader.h"
#include "server/steering/steering.h"

namespace gslbd::server {

struct ZoneSnapshot {
  struct PoolAnswer {
    std::uint32_t ttl_s = 0;         ///< where the name has none of its own
    std::vector<Address> addresses;  ///< IPv4 first
  };
  std::shared_ptr<const zones::Zone> zone;
  std::vector<PoolAnswer> pools;  ///< by zones::PoolBinding::pool
};

/// `name` is the zone's, with or without the final dot. Errors: no such zone.
Result<ZoneSnapshot> snapshot_zone(const Loaded& loaded, const Steering& steering, const std::string& name);
std::string to_master_file(const ZoneSnapshot& snapshot);

}  // namespace gslbd::server
