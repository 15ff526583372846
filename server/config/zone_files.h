// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZoneFiles: which zone files there are and what the file system says of each, unread. Of ten thousand files
// one has changed as a rule, so a look keeps from the look before what is still so: the list of names is the
// same object as long as it says the same, and a stamp is a few numbers in a row with the others.
//
// A stamp (identity, size, times) tells whether a file is still the one that was read, with one exception: a
// file that changes twice within the granularity of the file system's clock may have the same stamp twice.
// Until a file's times lie so far back that this cannot have happened (settled()), only its content tells.
//
// Thread: the functions any; the rest plain data.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

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
  /// True when a file that had this stamp at that time cannot have changed since without another stamp, as
  /// the file system's clock has ticked since.
  bool settled(WallTime at, Duration tick) const;
};

struct FoundFile {
  FileStamp stamp;
  bool settled = false;  ///< the stamp was, when it was taken
  /// It can change without a word in its directory: it is a symbolic link, or has another name elsewhere.
  bool has_other_names = false;

  /// True when a file that was this one then, and is `now`, has not changed.
  bool surely_same(const FoundFile& now) const { return settled && stamp == now.stamp; }
};

using PathList = std::shared_ptr<const std::vector<std::string>>;

struct ZoneFiles {
  PathList paths = std::make_shared<const std::vector<std::string>>();  ///< sorted, each once
  std::vector<FoundFile> found;                                         ///< by index in paths
  std::vector<std::string> unmatched;                                   ///< patterns that match no file

  /// True when nothing shows that a file is not what it was; of files that were not settled then, only
  /// reading can tell.
  bool same_as(const ZoneFiles& earlier) const;
};

/// Looks at all there are. `at` is not after the begin of the look; `earlier` may be null.
ZoneFiles find_zone_files(const Config& config, const ZoneFiles* earlier, WallTime at);

/// Looks again only at these paths, and at the files of `earlier`, a look by the same patterns, that may have
/// changed untold. nullopt when that is not enough to know: a file has come or gone, or a directory.
std::optional<ZoneFiles> look_again(const Config& config, const ZoneFiles& earlier,
                                    std::span<const std::string> changed, WallTime at);

/// Where the paths of one list stand in another. To be asked in ascending order.
class PathWalk {
 public:
  PathWalk(const PathList& from, const PathList& to) : from_(*from), to_(*to), same_(from == to) {}

  /// The index in `to` of path i of `from`.
  std::optional<std::size_t> find(std::size_t i) {
    if (same_) return i;
    while (at_ < to_.size() && to_[at_] < from_[i]) ++at_;
    return at_ < to_.size() && to_[at_] == from_[i] ? std::optional(at_) : std::nullopt;
  }

 private:
  const std::vector<std::string>& from_;
  const std::vector<std::string>& to_;
  const bool same_;
  std::size_t at_ = 0;
};

}  // namespace gslbd::server
