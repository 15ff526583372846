// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands of gslbd that do not serve. Each prints to standard output and error and returns the exit
// status.
//
// Thread: main.

#include <string>

namespace gslbd::server {

/// Loads everything, prints every error and warning, opens no sockets. 1 on any error. With
/// `probe_loss` ("1%") also how often healthy targets would be taken down by chance; empty: not.
int check_command(const std::string& config_file, const std::string& probe_loss);

/// A master file as a zone file of ours. `origin` may be empty.
int zone_import_command(const std::string& master_file, const std::string& origin);

/// A zone as a master file. With a server's URL pools are what that server answers now; without, every member
/// counts as alive.
int zone_export_command(const std::string& config_file, const std::string& zone,
                        const std::string& server_url);

/// The tables of all options, as the reference pages show them.
int schema_command();

}  // namespace gslbd::server
