// SPDX-License-Identifier: Apache-2.0
#include "server/config/findings.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "core/unique_fd.h"

namespace gslbd::server {
namespace {

WallTime wall_time(const timespec& t) {
  return WallTime(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

// Stamps the files of a sorted list. Each is looked up from its directory, which stays open as long as the
// next is in there too: of ten thousand paths, walking them from the root would be a fifth of the cost.
class Stamper {
 public:
  FileStamp stamp_of(const std::string& path) {
    const std::size_t name_at = path.rfind('/') + 1;
    const std::string_view parent = std::string_view(path).substr(0, name_at);
    if (parent != parent_) {
      parent_ = parent;
      directory_ = UniqueFd(open(parent.empty() ? "." : parent_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    struct stat s {};
    if (!directory_ || fstatat(directory_.get(), path.c_str() + name_at, &s, 0) != 0) return {};
    // What is no regular file cannot be read: its size tells it from one that can.
    const std::int64_t size = S_ISREG(s.st_mode) ? s.st_size : -2;
    return {s.st_dev, s.st_ino, size, wall_time(s.st_mtim), wall_time(s.st_ctim)};
  }

 private:
  std::string parent_ = "none yet";  // no directory's: those end in a slash
  UniqueFd directory_;
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

void find_zone_files(Findings& out) {
  std::vector<std::string> paths;
  for (const std::string& pattern : out.config.zones) {
    glob_t found{};
    if (glob(resolve_pattern(out.config, pattern).c_str(), GLOB_NOSORT, nullptr, &found) != 0) {
      out.unmatched.push_back(pattern);
    } else {
      paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
  }
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  out.zone_files.reserve(paths.size());
  Stamper stamper;
  for (std::string& path : paths) {
    const FileStamp stamp = stamper.stamp_of(path);
    out.zone_files.push_back({std::move(path), stamp});
  }
}

}  // namespace

bool FileStamp::settled(WallTime at) const {
  constexpr std::chrono::seconds kCoarsest{2};  // FAT counts in these; ext4 in milliseconds
  return modified + kCoarsest <= at && changed + kCoarsest <= at;
}

bool Findings::same_as(const Findings& earlier) const {
  return contents_hash == earlier.contents_hash && other_files == earlier.other_files &&
         zone_files == earlier.zone_files && unmatched == earlier.unmatched;
}

Findings find(const std::string& file, const Config* fallback) {
  Findings out;
  out.at = SystemClock().wall_now();
  out.other_files.push_back(file);
  const auto text = read_file(file);
  std::string contents = text ? *text : text.error().message;
  if (!text) out.diagnostics.error(file, "", text.error().message);
  auto config = text ? read_config(*text, file, out.diagnostics) : std::nullopt;
  out.readable = config.has_value();
  if (config) {
    out.config = std::move(*config);
  } else if (fallback != nullptr) {
    out.config = *fallback;
  }
  for (std::string& other : out.config.other_files()) {
    const auto other_text = read_file(other);
    contents += '\0' + (other_text ? *other_text : other_text.error().message);
    out.other_files.push_back(std::move(other));
  }
  find_zone_files(out);
  out.contents_hash = text_hash(contents);
  return out;
}

}  // namespace gslbd::server
