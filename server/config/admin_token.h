// SPDX-License-Identifier: Apache-2.0
#pragma once
// The token that commands over HTTP need, from the file that the configuration names.
//
// Thread: any one thread.

#include <cstddef>
#include <string>

#include "server/config/config.h"

namespace gslbd::server {

/// Shorter ones can be guessed.
inline constexpr std::size_t kShortestToken = 16;

/// The first line of admin.token_file. Empty when none is configured, or after reporting; a message never
/// quotes the file. Who else may read it is warned of.
std::string load_admin_token(const Config& config, Diagnostics& diagnostics);

}  // namespace gslbd::server
