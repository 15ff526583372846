// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads "sites", "checks" and "pools" of the configuration file and of zone files into Pools. A scope is one
// file's definitions over the configuration file's: a zone's own are seen by that zone alone, and none may
// hide another.
//
// Thread: one thread at a time.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/steering/pool.h"

namespace gslbd::server {

/// A check that combines others (combined_check.h).
struct CombinedCheck {
  std::optional<AliveRule> rule;  ///< over `checks`; none when its definition has a mistake
  std::vector<std::shared_ptr<const health::Check>> checks;
  std::size_t size = 0;   ///< of the rule: checks and joints
  std::size_t depth = 0;  ///< of the rule: joints within joints
};

/// The names one file may use.
class Scope {
 public:
  /// `prefix` goes before the names of checks and pools in metrics and status: "" or "example.com/".
  explicit Scope(std::string prefix = {}, const Scope* outer = nullptr)
      : prefix_(std::move(prefix)), outer_(outer) {}

  const std::string& prefix() const { return prefix_; }
  const Scope* outer() const { return outer_; }

  const Site* site(const std::string& name) const;
  std::shared_ptr<const health::Check> check(const std::string& name) const;
  /// nullptr when there is none of that name.
  const CombinedCheck* combined(const std::string& name) const;
  /// Index of the pool in the list that all scopes share; nullopt when there is none.
  std::optional<std::uint32_t> pool(const std::string& name) const;

  std::vector<std::string_view> site_names() const;
  std::vector<std::string_view> check_names() const;  ///< combined ones included
  std::vector<std::string_view> pool_names() const;

 private:
  friend class ScopeReader;
  std::string prefix_;
  const Scope* outer_;
  std::map<std::string, Site> sites_;
  std::map<std::string, std::shared_ptr<const health::Check>> checks_;
  std::map<std::string, CombinedCheck> combined_;
  std::map<std::string, std::uint32_t> pools_;
};

/// The definitions of one file; each an object, or empty.
struct Definitions {
  const Json* sites;
  const Json* checks;
  const Json* pools;
  const std::string* file;
};

/// Fills `scope` and appends its pools to `pools`. Every mistake is reported.
void read_scope(const Definitions& definitions, Scope& scope, std::vector<Pool>& pools,
                Diagnostics& diagnostics);

/// The options of a pool and of a member, for the reference page.
struct PoolDraft;
struct MemberDraft;
std::span<const Field<PoolDraft>> pool_fields();
std::span<const Field<MemberDraft>> member_fields();

}  // namespace gslbd::server
