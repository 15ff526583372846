// SPDX-License-Identifier: Apache-2.0
#pragma once
// The routes of the admin address. Handlers run on the HTTP threads: what belongs to the main loop they ask
// it for.
//
// Thread: make_routes() on main; the routes on the HTTP threads.

#include <vector>

#include "health/monitor.h"
#include "server/admin/http_server.h"
#include "server/app/mailbox.h"
#include "server/app/status.h"
#include "server/app/watchdog.h"
#include "server/journal/recorder.h"

namespace gslbd::server {

/// Who is asked; all must outlive the HTTP server.
struct Sources {
  const StatusSource& source;
  const health::Monitor& monitor;
  const Recorder& recorder;
  Mailbox& main;
  const Watchdog& watchdog;
};

std::vector<Route> make_routes(const Sources& from);

}  // namespace gslbd::server
