// SPDX-License-Identifier: Apache-2.0
#pragma once
// Findings: one look at everything that a configuration is made of: the configuration file, read, and what
// the file system says of the zone files and of the other files, unread. Made before anything else is read,
// so that a file that changes meanwhile shows the next time.
//
// A stamp (identity, size, times) tells whether a file is still the one that was read, with one exception: a
// file that changes twice within the granularity of the file system's clock may have the same stamp twice.
// Until a file's times lie so far back that this cannot have happened (settled()), only its content tells.
//
// Thread: find() any; the rest plain data.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "core/time.h"
#include "server/config/config.h"

namespace gslbd::server {

struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  ///< -1: there is no such file
  WallTime modified{};
  WallTime changed{};  ///< of the inode: nobody can set it back

  bool operator==(const FileStamp&) const = default;
  /// True when a file that had this stamp at that time cannot have changed since without another stamp.
  bool settled(WallTime at) const;
};

struct FoundFile {
  std::string path;
  FileStamp stamp;
  bool operator==(const FoundFile&) const = default;
};

struct Findings {
  WallTime at{};                         ///< when the look began
  bool readable = false;                 ///< the configuration file could be read, whatever is wrong with it
  Config config;                         ///< what it says; if it is not readable, what it said before
  Diagnostics diagnostics;               ///< of the configuration file
  std::vector<std::string> other_files;  ///< the configuration file, and those it names beside the zones
  std::size_t contents_hash = 0;         ///< of the other files
  std::vector<FoundFile> zone_files;     ///< sorted, each once
  std::vector<std::string> unmatched;    ///< patterns for zone files that match none

  /// True when nothing shows that a file is not what it was at `earlier`'s time; of zone files that were not
  /// settled() then, only reading can tell.
  bool same_as(const Findings& earlier) const;
};

/// `fallback` stands in for a configuration that cannot be read: it tells which files matter then.
Findings find(const std::string& file, const Config* fallback = nullptr);

/// By which two texts of a file are told apart.
inline std::size_t text_hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace gslbd::server
