// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a redirect leads, as long as it stays at the target: the same scheme, name and port. A probe never
// leaves the address that it is to judge.
//
// Thread: any.

#include <string>
#include <string_view>

#include "core/address.h"
#include "core/result.h"

namespace gslbd::health {

struct HttpOptions;

/// RFC 9110 §15.4: 301, 302, 303, 307, 308.
bool is_redirect(int status);

/// True when the request that follows is a GET without a body (RFC 9110 §15.4).
bool turns_into_get(int status, std::string_view method);

/// The path and query of `location` (RFC 3986 §5.2), which came in answer to a request for `path`. The error
/// says why it is not followed.
Result<std::string> resolve_redirect(const HttpOptions& o, const Address& address, std::string_view path,
                                     std::string_view location);

}  // namespace gslbd::health
