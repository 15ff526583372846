// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which route answers a request, and with what when none does. Knows nothing of sockets or the HTTP library.

#include <span>

#include "server/admin/http_server.h"

namespace gslbd::server {

/// Calls the route for the request's method and path, or answers 404, or 405 with Allow. A handler that
/// throws is a 500. Thread: any.
HttpResponse dispatch(std::span<const Route> routes, const HttpRequest& request);

/// "Not Found" for 404; "Unknown" for a status that we do not send.
std::string_view reason_phrase(int status);

}  // namespace gslbd::server
