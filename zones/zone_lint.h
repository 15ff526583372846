// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is allowed but rarely meant, found by looking at a compiled zone as a whole: with the very look-up
// that answers questions, so that a warning is about what would be answered. The rules are in
// zones/lint/rules.h, and docs/reference/zone-file.md lists every warning.
//
// Linear in the zone's size, with memory for its glue and its CNAMEs to CNAMEs only.
//
// Thread: any.

#include <string>

#include "core/diagnostics.h"
#include "zones/zone.h"

namespace gslbd::zones {

/// Reports warnings; places are "/records/<owner>/<type>" with the owner as it is written relative to the
/// zone, "/records/<owner>" where the name itself is meant, and "/soa". At most 100, then how many more.
void lint(const Zone& zone, const std::string& file, Diagnostics& diagnostics);

}  // namespace gslbd::zones
