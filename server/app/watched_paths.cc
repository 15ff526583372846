// SPDX-License-Identifier: Apache-2.0
#include "server/app/watched_paths.h"

#include <filesystem>
#include <string_view>

namespace gslbd::server {
namespace {

std::string_view prefix_of(std::string_view file) {
  return file.substr(0, file.rfind('/') + 1);
}

}  // namespace

WatchedPaths::WatchedPaths(const Findings& findings) {
  const std::string* last = nullptr;
  for (const std::string& path : *findings.zone_files.paths) {
    if (last == nullptr || prefix_of(path) != prefix_of(*last)) add_directory_of(path);
    last = &path;
  }
  for (const std::string& file : findings.other_files) add_directory_of(file);
  // Where a new file would appear, also when none is there now.
  for (const std::string& pattern : findings.config.zones) add_directory_of(findings.config.resolve(pattern));
  std::erase_if(directories_, [](const std::string& directory) {
    std::error_code ignored;
    return !std::filesystem::is_directory(directory, ignored);
  });
}

void WatchedPaths::add_directory_of(const std::string& file) {
  const auto directory = std::filesystem::absolute(file).parent_path();
  directories_.insert(directory.string());
  prefixes_[directory.string()].emplace(prefix_of(file));
  // The directory above too: there it shows when this one is swapped, removed or made again.
  directories_.insert(directory.parent_path().string());
  for (auto above = directory; above.has_relative_path(); above = above.parent_path())
    ways_.insert(above.string());
}

void WatchedPaths::add(const ChangedFiles& happened, Changes& changes) const {
  changes.anything = changes.anything || happened.anything;
  for (const auto& [directory, name] : happened.files) {
    const std::string path = (std::filesystem::path(directory) / name).string();
    // A symbolic link to a directory looks like a file when it goes.
    if (ways_.contains(path)) changes.anything = true;
    const auto known = prefixes_.find(directory);
    if (known == prefixes_.end()) {
      changes.paths.push_back(path);
      continue;
    }
    for (const std::string& prefix : known->second) changes.paths.push_back(prefix + name);
  }
}

}  // namespace gslbd::server
