// SPDX-License-Identifier: Apache-2.0
#pragma once
// The heartbeats of sites, for checks of the type push:
//
//   POST /api/v1/heartbeat/<check>/<address>      with no body, or {"status": "up" | "down", "detail": "..."}
//
// The token of the check's own token_file opens it for that check alone, the admin token for all. Only
// targets that are probed now are listened to, so that nobody can fill the memory with names.
//
// Thread: heartbeat_route() on main; the route on the HTTP threads.

#include "health/monitor.h"
#include "server/admin/http_server.h"
#include "server/app/mailbox.h"
#include "server/app/status.h"
#include "server/control/guard.h"

namespace gslbd::server {

/// All must outlive the HTTP server.
Route heartbeat_route(const StatusSource& source, health::Monitor& monitor, Mailbox& main,
                      const Guard& guard);

}  // namespace gslbd::server
