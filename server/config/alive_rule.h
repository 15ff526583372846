// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads a pool's "alive" rule: "web", {"all": [...]}, {"any": [...]}, {"not": ...}, {"at_least": 2, "of":
// [...]}, nested. A name may be that of a combined check (combined_check.h): its rule then stands there.
//
// Invariants: a rule that comes back is at most kMaxRuleSize large and kMaxRuleDepth deep, however its parts
// are combined.
//
// Thread: one thread at a time.

#include "server/config/pool_reader.h"

namespace gslbd::server {

inline constexpr std::size_t kMaxRuleSize = 10000;  ///< checks and joints; twins count twice
inline constexpr std::size_t kMaxRuleDepth = 32;

/// The checks that the rule names are appended to `checks`, each once. nullopt after reporting.
std::optional<AliveRule> read_alive_rule(const JsonView& v, const Scope& scope,
                                         std::vector<std::shared_ptr<const health::Check>>& checks);

/// A rule of a known kind (not check) over what stands at `parts`: a list of rules, or one rule for negated.
/// `at_least`, for that kind, is where the number stands; it may be null otherwise.
std::optional<AliveRule> read_joint(AliveRule::Kind kind, const JsonView& parts, const JsonView* at_least,
                                    const Scope& scope,
                                    std::vector<std::shared_ptr<const health::Check>>& checks);

}  // namespace gslbd::server
