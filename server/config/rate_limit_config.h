// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's "rate_limit": how much of the same may be sent to one prefix over UDP.
//
// Thread: plain functions.

#include <span>

#include "core/json.h"
#include "core/json_fields.h"
#include "server/answer/rate_limit_settings.h"

namespace gslbd::server {

std::span<const Field<RateLimitSettings>> rate_limit_fields();

/// Reads the object `v` over the defaults in `out`; reports every mistake, and what makes limits pointless.
void read_rate_limit(const JsonView& v, RateLimitSettings& out);

}  // namespace gslbd::server
