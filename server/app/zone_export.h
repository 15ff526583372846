// SPDX-License-Identifier: Apache-2.0
#pragma once
// A loaded zone as an RFC 1035 master file, pools as the addresses they answer now: the way out, and the way
// tests compare us with other servers.
//
// Thread: main (it reads Steering).

#include <string>

#include "core/result.h"
#include "server/config/loader.h"
#include "server/steering/steering.h"

namespace gslbd::server {

/// `name` is the zone's, with or without the final dot. Errors: no such zone.
Result<std::string> zone_as_master_file(const Loaded& loaded, const Steering& steering,
                                        const std::string& name);

}  // namespace gslbd::server
