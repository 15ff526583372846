// SPDX-License-Identifier: Apache-2.0
#pragma once
// ForcedStates: what operators and maintenance windows have laid over the verdicts, and which of it counts
// for a member or a target.
//
// An operator's word goes before that of a maintenance window. Of either's the nearest scope counts: member
// over pool over site. (What is forced of a target is asked for by itself; see steering/forced.h.)
//
// Invariants: one operator's entry and one window's entry a scope at most; an entry whose time is over
// counts until expire() is called. Pure: the clock is the caller's.
//
// Thread: one; main.

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "server/control/forced_scope.h"
#include "server/steering/forced.h"

namespace gslbd::server {

struct ForcedEntry {
  ForcedScope scope;
  ForcedState state = ForcedState::drain;
  std::string reason{};
  std::string author{};
  WallTime since{};
  std::optional<WallTime> until{};  ///< none: until it is released
  bool maintenance = false;         ///< a window's, not an operator's

  bool operator==(const ForcedEntry&) const = default;
};

class ForcedStates {
 public:
  /// More than any operator means to force at once; a script that runs wild ends here.
  static constexpr std::size_t kMost = 10'000;

  /// Lays an operator's entry over its scope; returns the one it replaces. An error when there are kMost.
  Result<std::optional<ForcedEntry>> set(ForcedEntry entry);
  /// Takes the operator's entry away; returns it, nullopt when there was none.
  std::optional<ForcedEntry> release(const ForcedScope& scope);
  /// Takes away what is over; returns it.
  std::vector<ForcedEntry> expire(WallTime now);
  /// When expire() will next find something.
  std::optional<WallTime> next_expiry() const;

  struct WindowChange {
    std::vector<ForcedEntry> began;  ///< also over a scope where another state was forced before
    std::vector<ForcedEntry> ended;  ///< likewise
    bool changed = false;            ///< also when only a time or a text differs
  };
  /// The entries of the maintenance windows that are open now, instead of the earlier ones. Of several over
  /// one scope the first counts.
  WindowChange set_windows(std::vector<ForcedEntry> open);

  /// The entry that counts for a member, or a target; nullptr: nothing is forced.
  const ForcedEntry* member(const std::string& pool, const Address& address, const std::string& site) const;
  const ForcedEntry* target(const std::string& check, const Address& address) const;
  /// What an operator has laid over exactly this scope, or a window has.
  const ForcedEntry* find(const ForcedScope& scope, bool maintenance) const;

  /// For Steering; refers to this object.
  ForcedLookup lookup() const;
  /// Operators' entries, then windows'; each by scope.
  std::vector<ForcedEntry> all() const;
  /// Operators' alone: what is kept over a restart.
  std::vector<ForcedEntry> by_operators() const;
  bool empty() const { return operators_.empty() && windows_.empty(); }

 private:
  using Entries = std::map<ForcedScope, ForcedEntry>;

  Entries operators_;
  Entries windows_;
};

}  // namespace gslbd::server
