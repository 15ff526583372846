// SPDX-License-Identifier: Apache-2.0
#pragma once
// What somebody on call must know before he believes a verdict, in words: of the prober as a whole, and of
// one target. Made of the JSON of /api/v1/status, so that the status page and gslbctl say the same. Nothing
// is said of what is as it should be.
//
// Thread: any.

#include <string>
#include <vector>

#include "core/json.h"

namespace gslbd::server {

/// Alarms that stand, one sentence each; of all of the status. Keys that an older server does not send count
/// as "nothing".
std::vector<std::string> alarm_notes(const Json& status);

/// Of one of its "checks": why the verdict is not what the probes say, what it may soon be held down for, and
/// since when there is no evidence.
std::vector<std::string> target_notes(const Json& target);

/// "forced drain by anna until ...: new switch", as it stands beside the real state; empty unless `forced` is
/// what forced_json() makes of an entry.
std::string forced_note(const Json& forced);

}  // namespace gslbd::server
