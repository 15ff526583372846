// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probes over HTTP/2, through libcurl's multi interface on the health loop: framing, flow control and header
// compression are not worth a second implementation for the few checks that want them. The files curl_* are
// the only ones in this room that know libcurl.
//
// Every probe makes its own connection, to the target's address and nowhere else: no DNS, no proxy.
//
// Thread: the loop's.

#include <memory>

#include "health/transport.h"

namespace gslbd::health {

class UvLoop;

std::unique_ptr<Transport> make_curl_transport(UvLoop& loop);

}  // namespace gslbd::health
