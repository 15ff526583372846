// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads a pool's "alive" rule: "web", {"all": [...]}, {"any": [...]}, {"at_least": 2, "of": [...]}, nested at
// will.
//
// Thread: one thread at a time.

#include "server/config/pool_reader.h"

namespace gslbd::server {

/// The checks that the rule names are appended to `checks`, each once. nullopt after reporting.
std::optional<AliveRule> read_alive_rule(const JsonView& v, const Scope& scope,
                                         std::vector<std::shared_ptr<const health::Check>>& checks);

}  // namespace gslbd::server
