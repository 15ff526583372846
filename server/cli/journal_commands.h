// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands of gslbctl that tell what happened: journal and uptime.
//
// Thread: main.

#include <CLI/CLI.hpp>
#include <string>

namespace gslbd::server {

/// Adds them to the program. `url` and `status` are where it keeps the server's URL and its exit status.
void add_journal_commands(CLI::App& app, const std::string& url, int& status);

}  // namespace gslbd::server
