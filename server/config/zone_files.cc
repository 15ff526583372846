// SPDX-License-Identifier: Apache-2.0
#include "server/config/zone_files.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/unique_fd.h"

namespace gslbd::server {
namespace {

WallTime wall_time(const timespec& t) {
  return WallTime(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

// File systems of this machine's kernel, which stamp with its clock: it ticks at least every 10 ms.
bool is_local(const struct statfs& s) {
  constexpr std::array<std::uint64_t, 5> kLocal{EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                                TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC};
  return std::ranges::find(kLocal, static_cast<std::uint64_t>(s.f_type)) != kLocal.end();
}

std::string_view name_in(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Looks at the files of a sorted list. Each is looked up from its directory, which stays open as long as the
// next is in there too: of ten thousand paths, walking them from the root would be a fifth of the cost.
class Stamper {
 public:
  explicit Stamper(WallTime at) : at_(at) {}

  FoundFile look_at(const std::string& path) {
    const std::size_t name_at = path.rfind('/') + 1;
    const std::string_view parent = std::string_view(path).substr(0, name_at);
    if (parent != parent_) {
      parent_ = parent;
      enter(parent.empty() ? "." : parent_.c_str());
    }
    FoundFile out;
    struct stat s {};
    if (!stat(path.c_str() + name_at, s, AT_SYMLINK_NOFOLLOW)) return out;
    out.has_other_names = S_ISLNK(s.st_mode) || s.st_nlink > 1;
    if (S_ISLNK(s.st_mode) && !stat(path.c_str() + name_at, s, 0)) return out;
    // What is no regular file cannot be read: its size tells it from one that can.
    const std::int64_t size = S_ISREG(s.st_mode) ? s.st_size : -2;
    out.stamp = {s.st_dev, s.st_ino, size, wall_time(s.st_mtim), wall_time(s.st_ctim)};
    out.settled = out.stamp.settled(at_, has_fine_time(s) ? kFine : kCoarse);
    return out;
  }

 private:
  static constexpr std::chrono::milliseconds kFine{100};     // ten ticks of the slowest kernel
  static constexpr std::chrono::milliseconds kCoarse{2000};  // FAT counts in these

  void enter(const char* directory) {
    directory_ = UniqueFd(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat s {};
    struct statfs system {};
    const bool known =
        directory_ && fstat(directory_.get(), &s) == 0 && fstatfs(directory_.get(), &system) == 0;
    local_device_ = known && is_local(system) ? std::optional(s.st_dev) : std::nullopt;
  }
  // An ext4 with small inodes counts in seconds, whatever the kernel does.
  bool has_fine_time(const struct stat& s) const {
    return s.st_dev == local_device_ && s.st_ctim.tv_nsec % 10'000'000 != 0;
  }
  bool stat(const char* name, struct stat& s, int flags) const {
    return directory_ && fstatat(directory_.get(), name, &s, flags) == 0;
  }

  const WallTime at_;
  std::string parent_ = "none yet";  // no directory's: those end in a slash
  UniqueFd directory_;
  std::optional<dev_t> local_device_;  ///< the directory's, if its file system is_local()
};

// The configuration's own directory is a name, not a pattern.
std::string escape_glob(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string resolve_pattern(const Config& config, const std::string& pattern) {
  if (pattern.starts_with('/')) return pattern;
  return escape_glob(config.resolve("")) + pattern;
}

// What the patterns match, sorted, each once.
class Matches {
 public:
  explicit Matches(std::size_t patterns) : globs_(patterns) {}
  ~Matches() {
    for (glob_t& each : globs_) globfree(&each);
  }
  Matches(const Matches&) = delete;
  Matches& operator=(const Matches&) = delete;

  /// False when it matches nothing. To be called once for each pattern.
  bool add(const std::string& pattern) {
    glob_t& found = globs_[used_++];
    if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) != 0) return false;
    paths_.insert(paths_.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    return true;
  }

  std::span<const std::string_view> sorted() {
    std::ranges::sort(paths_);
    paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
    return paths_;
  }

 private:
  std::vector<glob_t> globs_;
  std::size_t used_ = 0;
  std::vector<std::string_view> paths_;
};

// Whether a file of that name may be one that the patterns match. Whether its directory is one of theirs is
// not looked at.
bool may_match(const Config& config, std::string_view path) {
  const std::string name(name_in(path));
  return std::ranges::any_of(config.zones, [&](const std::string& pattern) {
    return fnmatch(std::string(name_in(pattern)).c_str(), name.c_str(), FNM_PERIOD) == 0;
  });
}

// Whether a path that is none of the zone files may change which those are: as one more of them, or as a
// directory on the way to some.
bool may_matter(const Config& config, const std::string& path) {
  struct stat s {};
  if (lstat(path.c_str(), &s) != 0) return false;  // such as the name a file had until it was finished
  return !S_ISREG(s.st_mode) || may_match(config, path);
}

}  // namespace

bool FileStamp::settled(WallTime at, Duration tick) const {
  return modified + tick <= at && changed + tick <= at;
}

bool ZoneFiles::same_as(const ZoneFiles& earlier) const {
  const auto same_stamp = [](const FoundFile& a, const FoundFile& b) { return a.stamp == b.stamp; };
  return (paths == earlier.paths || *paths == *earlier.paths) && unmatched == earlier.unmatched &&
         std::ranges::equal(found, earlier.found, same_stamp);
}

ZoneFiles find_zone_files(const Config& config, const ZoneFiles* earlier, WallTime at) {
  ZoneFiles out;
  Matches matches(config.zones.size());
  for (const std::string& pattern : config.zones) {
    if (!matches.add(resolve_pattern(config, pattern))) out.unmatched.push_back(pattern);
  }
  const auto paths = matches.sorted();
  if (earlier != nullptr && std::ranges::equal(paths, *earlier->paths)) {
    out.paths = earlier->paths;
  } else {
    out.paths = std::make_shared<const std::vector<std::string>>(paths.begin(), paths.end());
  }
  out.found.reserve(paths.size());
  Stamper stamper(at);
  for (const std::string& path : *out.paths) out.found.push_back(stamper.look_at(path));
  return out;
}

std::optional<ZoneFiles> look_again(const Config& config, const ZoneFiles& earlier,
                                    std::span<const std::string> changed, WallTime at) {
  const std::vector<std::string>& paths = *earlier.paths;
  std::vector<std::size_t> again;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!earlier.found[i].settled || earlier.found[i].has_other_names) again.push_back(i);
  }
  for (const std::string& path : changed) {
    const auto place = std::ranges::lower_bound(paths, path);
    if (place != paths.end() && *place == path) {
      again.push_back(static_cast<std::size_t>(place - paths.begin()));
    } else if (may_matter(config, path)) {
      return std::nullopt;
    }
  }
  ZoneFiles out = earlier;
  Stamper stamper(at);
  for (const std::size_t i : again) {
    out.found[i] = stamper.look_at(paths[i]);
    if (out.found[i].stamp.size == -1) return std::nullopt;
  }
  return out;
}

}  // namespace gslbd::server
