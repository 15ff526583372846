// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a pool is allowed to be but hardly meant to be: members that one fault takes together, answers that
// resolvers keep long after the checks know better.
//
// Thread: one thread at a time.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/config/pool_reader.h"
#include "zones/zone.h"

namespace gslbd::server {

/// A pool as it was read at `v`.
void lint_pool(const JsonView& v, const Pool& pool, const Scope& scope);

/// What the names of a zone make of their pools: their own TTLs, and how long an empty pool's answer is kept.
/// Linear in the zone's names. `pool_of` tells which of `pools` a binding's means.
void lint_pools_of_zone(const std::string& file, const zones::Zone& zone,
                        std::span<const std::uint32_t> pool_of, const std::vector<Pool>& pools,
                        Diagnostics& diagnostics);

}  // namespace gslbd::server
