// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words for a probe whose time is up: how far it came, and what did not happen then. Who is called at
// night wants to know whether the host, the network or the application is silent:
//
//   no connection within 1s
//   connected after 3.1 ms, then no answer to the request within 1s
//
// Thread: any.

#include <string>
#include <string_view>

#include "core/time.h"
#include "health/outcome.h"

namespace gslbd::health {

/// "after 3.1 ms", "after 312 ms", "after 1.2 s"
std::string after(Duration since_start);

/// `so_far` may be empty; `missing` is what was waited for: "answer to the request".
Outcome overdue(std::string_view so_far, std::string_view missing, Duration timeout);

}  // namespace gslbd::health
