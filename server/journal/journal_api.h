// SPDX-License-Identifier: Apache-2.0
#pragma once
// The journal and the uptime figures over HTTP: GET /api/v1/journal and GET /api/v1/uptime.
//
// Thread: the routes on the HTTP threads; the functions are pure.

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "server/admin/http_server.h"
#include "server/journal/recorder.h"

namespace gslbd::server {

/// `recorder` must outlive the HTTP server.
std::vector<Route> recorder_routes(const Recorder& recorder);

/// {"targets": [...], "sites": [...]}: for each its name, and by window the seconds up, down and unknown, and
/// the ratio (null: nothing is known).
Json uptime_json(std::span<const UptimeFigures> figures);

/// "limit=20&kind=verdict&site=fra&since=24h": what stands behind the "?". Errors name the parameter and the
/// nearest known one. `since` is a time or a duration before `now`.
Result<JournalQuery> parse_journal_query(std::string_view query, WallTime now);

}  // namespace gslbd::server
