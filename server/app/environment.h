// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the program needs of its host: descriptors, and a directory to keep verdicts in.
//
// Thread: main, at the start.

#include <string>

#include "core/result.h"
#include "server/app/state_lock.h"
#include "server/config/config.h"

namespace gslbd::server {

/// Takes as many descriptors as the hard limit allows: every TCP connection and every probe needs one, and
/// the soft limit is often 1,024.
/// Returns how many it may have now.
std::size_t raise_descriptor_limit();

/// Where verdicts are kept; empty: nowhere.
std::string state_dir(const Config& config);
/// The directory, for this process alone. An error when things cannot be kept where the configuration says:
/// it cannot be written, a file of it cannot be read, or another server has it.
Result<StateLock> take_state_dir(const Config& config);

}  // namespace gslbd::server
