// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory of files that goes when the test ends.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace gslbd {

class Files {
 public:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "gslbd-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Files() { std::filesystem::remove_all(path_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  const std::filesystem::path& path() const { return path_; }
  /// Where the configuration file is written to.
  std::string config() const { return (path_ / "gslbd.json").string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace gslbd
