// SPDX-License-Identifier: Apache-2.0
#pragma once
// FileWatch: tells when files of a set may have changed, once they have been quiet for a while. Directories
// are watched, not files, so that editors that replace a file and tools that swap a symbolic link are noticed
// too.
//
// Thread: the loop's.

#include <sys/types.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace gslbd::server {

class FileWatch {
 public:
  FileWatch(uv_loop_t& loop, std::function<void()> on_quiet);
  ~FileWatch() = default;
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches exactly these directories, as they are now; those that cannot be watched are logged. To be
  /// called again after every change: a watch follows the directory, not its name. True when one of them was
  /// not watched before: nobody has told what changed there until now.
  bool watch(const std::set<std::string>& directories, Duration debounce);
  void close();

 private:
  struct Directory {
    uv_fs_event_t handle{};
  };
  static void on_event(uv_fs_event_t* handle, const char* name, int events, int status);
  static void release(Directory* directory);

  uv_loop_t& loop_;
  std::function<void()> on_quiet_;
  uv_timer_t timer_{};
  Duration debounce_{};
  std::uint64_t first_event_ms_ = 0;     ///< of the burst that is being waited out; loop time
  std::vector<Directory*> directories_;  ///< each freed in its close callback
  std::set<std::pair<std::string, ino_t>> watched_;
};

}  // namespace gslbd::server
