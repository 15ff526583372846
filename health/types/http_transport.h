// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probes for the check types http and https, through libcurl's multi interface on the health loop.
//
// Every probe makes its own connection (a reused one would not prove that the target still accepts), to the
// target's address and nowhere else: no DNS, no proxy, no redirect.
//
// Thread: the loop's.

#include <memory>

#include "health/transport.h"

namespace gslbd::health {

struct ProbeContext;

std::unique_ptr<Transport> make_http_transport(const ProbeContext& context);

}  // namespace gslbd::health
