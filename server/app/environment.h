// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the program needs of its host: descriptors, and a directory to keep verdicts in.
//
// Thread: main, at the start.

#include <string>

#include "core/result.h"
#include "server/config/config.h"

namespace gslbd::server {

/// Takes as many descriptors as the hard limit allows: every TCP connection and every probe needs one, and
/// the soft limit is often 1,024.
/// Returns how many it may have now.
std::size_t raise_descriptor_limit();

/// Where verdicts are kept; empty: nowhere.
std::string state_dir(const Config& config);
/// An error when they cannot be kept where the configuration says.
Result<void> check_state_dir(const Config& config);

}  // namespace gslbd::server
