// SPDX-License-Identifier: Apache-2.0
#pragma once
// build_zone: ZoneData compiled into a Zone. Composes every RRset as wire octets (RFC 1035 §4.1.3, names
// compressed per §4.1.4 only in the types that RFC 3597 §4 allows), adds empty non-terminals, resolves cuts
// and what additional sections are made of. Linear in the data.
//
// Errors (a ZoneData that keeps its invariants gives none but the first): an RRset that no message can carry.
//
// Thread: any; no shared state.

#include <memory>

#include "core/result.h"
#include "zones/zone.h"
#include "zones/zone_data.h"

namespace gslbd::zones {

Result<std::shared_ptr<const Zone>> build_zone(const ZoneData& data);

}  // namespace gslbd::zones
