// SPDX-License-Identifier: Apache-2.0
#pragma once
// "isolation": whether this server doubts itself when unrelated targets fall silent together, and what it
// probes besides to know whether it is connected (canaries: a gateway, resolvers).
//
// Thread: plain data; the functions any.

#include <span>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/json_fields.h"
#include "health/target.h"

namespace gslbd::server {

class Scope;

struct CanaryConfig {
  std::string check;
  Address address;
};

struct IsolationConfig {
  bool on = true;
  std::vector<CanaryConfig> canaries;
};

void read_isolation(const JsonView& v, IsolationConfig& out);
std::span<const Field<IsolationConfig>> isolation_fields();
std::span<const Field<CanaryConfig>> canary_fields();

/// The canaries as targets; a check that is unknown, or does not cross the network, is reported.
std::vector<health::TargetSpec> canary_targets(const IsolationConfig& config, const Scope& scope,
                                               const std::string& file, Diagnostics& diagnostics);

}  // namespace gslbd::server
