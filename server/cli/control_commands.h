// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands of gslbctl that change something: force, release, resume; and forced, which shows it.
//
// Thread: main.

#include <CLI/CLI.hpp>
#include <string>

namespace gslbd::server {

/// Adds them to the program. `url` and `status` are where it keeps the server's URL and its exit status.
void add_control_commands(CLI::App& app, const std::string& url, int& status);

}  // namespace gslbd::server
