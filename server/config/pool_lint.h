// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a pool is allowed to be but hardly meant to be: members that one fault takes together, answers that
// resolvers keep long after the checks know better.
//
// Thread: one thread at a time.

#include "server/config/loader.h"

namespace gslbd::server {

/// A pool as it was read at `v`.
void lint_pool(const JsonView& v, const Pool& pool, const Scope& scope);

/// What the names of a zone make of their pools: their own TTLs, and how long an empty pool's answer is kept.
/// Linear in the zone's names.
void lint_pools_of_zone(const LoadedZone& zone, const std::vector<Pool>& pools, Diagnostics& diagnostics);

}  // namespace gslbd::server
