// SPDX-License-Identifier: Apache-2.0
#pragma once
// The replies of commands: JSON that a person can read and a script can test.
//
// Thread: pure functions.

#include <string>

#include "core/diagnostics.h"
#include "core/json.h"
#include "server/admin/http_server.h"

namespace gslbd::server {

HttpResponse json_reply(int status, const Json& body);

/// {"error": "<message>"}, a sentence for the one who sent the command.
HttpResponse json_error(int status, const std::string& message);

/// {"error": "<the first>", "errors": [{"pointer": "/state", "message": "..."}, ...]}; the diagnostics must
/// hold an error.
Json errors_json(const Diagnostics& diagnostics);

/// The request's body as a JSON document; reports into `refusal` when its content type is another (415) or it
/// does not parse (400).
std::optional<Json> json_body(const HttpRequest& request, HttpResponse& refusal);

}  // namespace gslbd::server
