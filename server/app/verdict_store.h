// SPDX-License-Identifier: Apache-2.0
#pragma once
// VerdictStore: the verdicts, kept in the state directory over a restart, so that a restart neither brings a
// dead site back into the answers nor takes a live one out while it is probed anew, and a target that is held
// down (flap damping, failback) stays so.
//
// The file says when it was written; what is older than kFreshFor is not believed. What an operator has to
// resume is kept however long the program was away: only he may end it. A damaged file is set aside, not
// lost; one that cannot be read stays where it is.
//
// Thread: any one at a time.

#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "health/target.h"
#include "server/control/state_file.h"

namespace gslbd::server {

class VerdictStore {
 public:
  static constexpr std::chrono::minutes kFreshFor{5};
  static constexpr std::chrono::seconds kWrittenEvery{30};  ///< at least, so that a crash loses no freshness

  explicit VerdictStore(const std::string& state_dir);

  const std::string& path() const { return file_.path(); }
  struct Content {
    WallTime written{};
    std::vector<health::RememberedVerdict> verdicts;
  };
  /// What serialize() wrote; the error says why it cannot be that.
  static Result<Content> parse(std::string_view text);
  /// What was believed at most kFreshFor before `now`, or waits for an operator. Logs what it finds; never
  /// fails. Version 1 of the file, of the first release, is read too.
  std::vector<health::RememberedVerdict> load(WallTime now) const;
  /// The file's content for these targets; unknown verdicts and canaries are not worth keeping.
  static std::string serialize(std::span<const health::TargetStatus> targets, WallTime now);
  Result<void> save(const std::string& content) const { return file_.write(content); }

 private:
  StateFile file_;
};

}  // namespace gslbd::server
