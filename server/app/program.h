// SPDX-License-Identifier: Apache-2.0
#pragma once
// Program: `gslbd run`. Wires the rooms together on the main loop: load, probe, listen, answer, reload, stop.
//
// Thread: main.

#include <string>

namespace gslbd::server {

/// Serves until SIGTERM or SIGINT. Returns the exit status: 0 after a clean stop, 1 when it could not start
/// (the reasons are on standard error).
int run_program(const std::string& config_file);

/// The version that --version and the status print.
const char* version();

}  // namespace gslbd::server
