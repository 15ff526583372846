// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the configuration, and the machine, mean for the parts of the program.
//
// Thread: main, at the start and at reloads.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "health/monitor.h"
#include "server/config/config.h"
#include "server/journal/recorder.h"
#include "server/net/listener.h"

namespace gslbd::server {

/// Different at each call.
std::uint64_t fresh_seed();
std::size_t worker_count(const Config& config);
/// With the verdicts that the state directory remembers. Raises this process's limit of open files.
health::Monitor::Options monitor_options(const Config& config);
RecorderSettings recorder_settings(const Config& config);
std::vector<ListenSpec> listen_specs(const Config& config);

}  // namespace gslbd::server
