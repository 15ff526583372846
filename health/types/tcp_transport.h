// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probes of the check type tcp: connect, shake hands if asked to, have the conversation.
//
// Thread: the loop's.

#include <memory>

#include "health/transport.h"

namespace gslbd::health {

struct ProbeContext;

std::unique_ptr<Transport> make_tcp_transport(const ProbeContext& context);

}  // namespace gslbd::health
