// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is allowed but rarely meant, found by looking at a zone as a whole: a single name server, name servers
// in the zone without an address, missing glue, records that no answer can reach because they lie below a
// zone cut or a DNAME, and targets inside the zone that do not exist.
//
// Linear in the zone's size, with memory for its cuts and targets only.
//
// Thread: any.

#include <string>

#include "core/diagnostics.h"
#include "zones/zone_data.h"

namespace gslbd::zones {

/// Reports warnings; places are "/records/<owner>/<type>" with the owner as it is written relative to the
/// zone.
void lint(const ZoneData& zone, const std::string& file, Diagnostics& diagnostics);

}  // namespace gslbd::zones
