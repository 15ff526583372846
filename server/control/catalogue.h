// SPDX-License-Identifier: Apache-2.0
#pragma once
// Catalogue: the names that a forced state or a maintenance window may use, in one configuration, and how
// many members or targets each scope reaches.
//
// Thread: const after construction; any.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "server/control/forced_scope.h"
#include "server/steering/pool.h"

namespace gslbd::server {

class Catalogue {
 public:
  Catalogue() = default;
  /// `sites` are those of the configuration file, also without members.
  Catalogue(std::span<const Pool> pools, std::span<const std::string> sites);

  /// How many members, or targets, the scope reaches; 0: nothing.
  std::size_t reach(const ForcedScope& scope) const;
  /// nullopt when everything the scope names exists; else what does not, with the nearest name that does.
  struct Missing {
    std::string key;  ///< "site", "pool", "member", "check" or "target"
    std::string message;
  };
  std::optional<Missing> missing(const ForcedScope& scope) const;

 private:
  using Addresses = std::map<std::string, std::set<Address>>;

  std::map<std::string, std::size_t> sites_;  ///< how many members
  Addresses members_;                         ///< by pool
  Addresses targets_;                         ///< by check
};

}  // namespace gslbd::server
