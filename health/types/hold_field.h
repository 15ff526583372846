// SPDX-License-Identifier: Apache-2.0
#pragma once
// The option `hold`, for the types of check whose CheckType has a hold_port.
//
// Thread: constants; any.

#include "core/json_fields.h"
#include "health/check.h"

namespace gslbd::health {

inline constexpr Field<Check> kHoldField{
    "hold", "true or false", "false",
    "whether an idle connection is kept to each target whose end makes the next probe start at once",
    [](const JsonView& v, Check& c) { c.hold = read_bool(v).value_or(c.hold); }};

}  // namespace gslbd::health
