// SPDX-License-Identifier: Apache-2.0
#pragma once
// WatchedPaths: the directories in which a change may matter, and what a change in one of them is a change
// of. Directories are watched by their absolute paths; the paths of files are what the configuration makes of
// them.
//
// Thread: immutable once made; any.

#include <map>
#include <set>
#include <string>

#include "server/app/file_watch.h"
#include "server/config/findings.h"

namespace gslbd::server {

class WatchedPaths {
 public:
  WatchedPaths() = default;
  explicit WatchedPaths(const Findings& findings);

  const std::set<std::string>& directories() const { return directories_; }
  /// Adds to `changes` what happened in the directories.
  void add(const ChangedFiles& happened, Changes& changes) const;

 private:
  void add_directory_of(const std::string& file);

  std::set<std::string> directories_;
  std::set<std::string> ways_;  ///< every directory on the way to a file
  /// By directory: how paths of files in it begin in the findings ("zones/", "./zones/").
  std::map<std::string, std::set<std::string>> prefixes_;
};

}  // namespace gslbd::server
