// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands over HTTP, and what is forced now:
//
//   GET  /api/v1/forced
//   POST /api/v1/force, /api/v1/release, /api/v1/resume
//
// The HTTP thread asks the main loop to do it, then writes the state directory itself: a slow disk delays the
// reply and nothing else.
//
// Thread: control_setup() and control_routes() on main; the routes on the HTTP threads.

#include <vector>

#include "server/admin/http_server.h"
#include "server/app/mailbox.h"
#include "server/config/loader.h"
#include "server/control/control.h"

namespace gslbd::server {

/// What the configuration that serves now says about forced states.
Control::Setup control_setup(const Loaded& loaded);

/// Both must outlive the HTTP server.
std::vector<Route> control_routes(Control& control, Mailbox& main);

}  // namespace gslbd::server
