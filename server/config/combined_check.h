// SPDX-License-Identifier: Apache-2.0
#pragma once
// Combined checks: entries of "checks" that probe nothing and have no targets, but name a rule over other
// checks:
//
//   "site":  {"type": "all", "of": ["web", {"not": "maintenance_flag"}]}
//   "quiet": {"type": "not", "of": "web"}
//
// Their names may stand wherever a check's may stand in a rule. While the configuration loads, each use is
// replaced by the rule, so that steering knows nothing but rules over checks.
//
// Thread: one thread at a time.

#include <span>

#include "core/json_fields.h"
#include "health/check.h"
#include "server/config/pool_reader.h"

namespace gslbd::server {

/// The types: all, any, at_least and not.
health::OtherTypes combined_check_types();

/// True when the definition at `v` is one of ours: its type is all, any, at_least or not.
bool is_combined_check(const JsonView& v);

/// Reads the definitions, by name, into `combined`, which `scope` looks names up in: some may use others. The
/// checks that probe are there already. A definition with a mistake is there afterwards too, without a rule.
void read_combined_checks(const std::map<std::string, JsonView>& definitions, const Scope& scope,
                          std::map<std::string, CombinedCheck>& combined);

/// The options, for the reference page.
struct CombinedDraft;
std::span<const Field<CombinedDraft>> combined_check_fields();

}  // namespace gslbd::server
