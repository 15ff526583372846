// SPDX-License-Identifier: Apache-2.0
#pragma once
// VerdictStore: the verdicts, kept in the state directory over a restart, so that a restart neither brings a
// dead site back into the answers nor takes a live one out while it is probed anew.
//
// The file is written whole beside its place and moved there: a crash leaves the old or the new one. It says
// when it was written; what is older than kFreshFor is not believed. A file that cannot be read is set aside,
// not lost.
//
// Thread: any one at a time.

#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "health/target.h"

namespace gslbd::server {

class VerdictStore {
 public:
  static constexpr std::chrono::minutes kFreshFor{5};
  static constexpr std::chrono::seconds kWrittenEvery{30};  ///< at least, so that a crash loses no freshness

  explicit VerdictStore(const std::string& state_dir);

  const std::string& path() const { return path_; }
  /// What was believed at most kFreshFor before `now`. Logs what it finds; never fails.
  std::vector<health::RememberedVerdict> load(WallTime now) const;
  /// The file's content for these targets; unknown verdicts are not worth keeping.
  static std::string serialize(std::span<const health::TargetStatus> targets, WallTime now);
  Result<void> save(const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace gslbd::server
