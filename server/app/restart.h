// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which settings a reload cannot take: those that sockets and threads are made of, once.
//
// Thread: pure.

#include <string_view>
#include <vector>

#include "server/config/config.h"

namespace gslbd::server {

/// The keys of `next` that differ from what the program was started with and wait for the next start.
std::vector<std::string_view> waiting_for_restart(const Config& started, const Config& next);

}  // namespace gslbd::server
