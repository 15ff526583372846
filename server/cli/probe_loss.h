// SPDX-License-Identifier: Apache-2.0
#pragma once
// `gslbd check --probe-loss 1%`: what random loss of probes would do to healthy targets, by the arithmetic of
// health/false_downs.h.
//
// Thread: pure functions.

#include <string>
#include <vector>

#include "core/result.h"
#include "server/steering/pool.h"

namespace gslbd::server {

/// "1%", "0.5%" or "0.01" as a probability; 0 to 0.99.
Result<double> parse_loss(const std::string& text);

/// A line for each check that a pool uses and whose probes can be lost on the way, and a sum.
std::string false_down_report(const std::vector<Pool>& pools, double loss);

}  // namespace gslbd::server
