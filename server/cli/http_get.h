// SPDX-License-Identifier: Apache-2.0
#pragma once
// http_get: asks a running server's admin address. The one place of the command line tools that knows
// libcurl.
//
// Thread: any one.

#include <string>

#include "core/result.h"

namespace gslbd::server {

/// The body of a 200; errors name the URL and the reason, or what the server said.
Result<std::string> http_get(const std::string& url);

}  // namespace gslbd::server
