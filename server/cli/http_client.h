// SPDX-License-Identifier: Apache-2.0
#pragma once
// Talks to a running server's admin address. The one place of the command line tools that knows libcurl.
//
// Thread: any one.

#include <string>

#include "core/result.h"

namespace gslbd::server {

/// The body of a 200; errors name the URL and the reason, or what the server said.
Result<std::string> http_get(const std::string& url);

struct HttpReply {
  long status = 0;
  std::string body;
};

/// Sends JSON, with "Authorization: Bearer <token>" unless that is empty. An answer of any status is a
/// result; errors name the URL and the reason.
Result<HttpReply> http_post(const std::string& url, const std::string& json, const std::string& token);

}  // namespace gslbd::server
