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

#include "core/address.h"
#include "health/monitor.h"
#include "server/admin/http_server.h"
#include "server/app/mailbox.h"
#include "server/app/state.h"
#include "server/control/guard.h"

namespace gslbd::server {

/// Whose heartbeat it is.
struct HeartbeatSender {
  std::string check;
  Address address;
};
/// "CHECK/ADDRESS": what stands behind the route's path; nullopt when it is not that.
std::optional<HeartbeatSender> heartbeat_sender(std::string_view rest);

/// What a heartbeat says.
struct Heartbeat {
  bool well = true;
  std::string detail;
};
/// The body of a request; none says that all is well. nullopt: `refusal` says what is wrong with it.
std::optional<Heartbeat> read_heartbeat(const HttpRequest& request, HttpResponse& refusal);

/// All must outlive the HTTP server.
Route heartbeat_route(const State& state, health::Monitor& monitor, Mailbox& main, const Guard& guard);

}  // namespace gslbd::server
