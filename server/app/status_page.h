// SPDX-License-Identifier: Apache-2.0
#pragma once
// The status page: what /api/v1/status says, as HTML for people. No scripts, nothing from elsewhere; it
// reloads itself every five seconds.
//
// Thread: any.

#include <string>

#include "core/json.h"

namespace gslbd::server {

/// `status` is what status_json() made.
std::string status_page(const Json& status);

}  // namespace gslbd::server
