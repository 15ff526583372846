// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probes for the check types http and https: hands them to the client that speaks the version which the check
// asks for (health/http/).
//
// Thread: the loop's.

#include <memory>

#include "health/transport.h"

namespace gslbd::health {

struct ProbeContext;

std::unique_ptr<Transport> make_http_transport(const ProbeContext& context);

}  // namespace gslbd::health
