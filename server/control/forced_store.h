// SPDX-License-Identifier: Apache-2.0
#pragma once
// ForcedStore: the forced states of operators, kept in the state directory ("forced.json") over a restart: a
// site that was drained stays drained. Maintenance windows are not kept, they are in the configuration.
//
// Thread: save() any; the others any one at a time.

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "server/control/forced_states.h"

namespace gslbd::server {

class ForcedStore {
 public:
  struct Loaded {
    std::vector<ForcedEntry> entries;
    std::string complaint;  ///< of a file that could not be used; empty: all is well
  };
  /// What serialize() wrote; the error says why it cannot be that.
  static Result<std::vector<ForcedEntry>> parse(std::string_view text);
  /// Never fails; logs what it finds. What is over is in it too. A file that is damaged or cannot be read is
  /// set aside: the next save writes it anew.
  static Loaded load(const std::string& state_dir);
  static std::string serialize(std::span<const ForcedEntry> entries, WallTime now);

  /// Writes what is newer than what was written last; older content is left alone, so that commands that run
  /// at the same time may write in any order. `version` counts up from 1.
  Result<void> save(const std::string& state_dir, std::uint64_t version, const std::string& content);
  std::uint64_t saved_version() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t saved_ = 0;
};

}  // namespace gslbd::server
