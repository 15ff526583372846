// SPDX-License-Identifier: Apache-2.0
#pragma once
// FileWatch: tells which files of some directories may have changed, once they have been quiet for a while.
// Directories are watched, not files, so that editors that replace a file and tools that swap a symbolic link
// are noticed too.
//
// The kernel's queue of events may overflow, and a directory may be none that can be watched: then it says
// that anything may have changed. What it never says is less than what happened.
//
// Thread: the loop's.

#include <uv.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

struct inotify_event;

namespace gslbd::server {

/// What happened in watched directories.
struct ChangedFiles {
  bool anything = false;  ///< more than `files`, such as something with a directory
  std::set<std::pair<std::string, std::string>> files;  ///< the directory, as it was given, and the name
};

class FileWatch {
 public:
  FileWatch(uv_loop_t& loop, std::function<void(const ChangedFiles&)> on_quiet);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches exactly these directories, as they are now; those that cannot be watched are logged. To be
  /// called again after every change: a watch follows the directory, not its name. True when one of them was
  /// not watched before: nobody has told what changed there until now.
  bool watch(const std::set<std::string>& directories, Duration debounce);
  void close();

 private:
  void read_events();
  void note(const inotify_event& event, const char* name);
  void wait_for_quiet();

  uv_loop_t& loop_;
  std::function<void(const ChangedFiles&)> on_quiet_;
  uv_timer_t timer_{};
  uv_poll_t poll_{};
  int inotify_;  ///< -1: there is none
  Duration debounce_{};
  std::uint64_t first_event_ms_ = 0;  ///< of the burst that is being waited out; loop time
  /// By the kernel's number for a directory: the paths that lead there.
  std::map<int, std::vector<std::string>> watched_;
  bool blind_ = false;  ///< a directory is not watched that should be
  ChangedFiles changed_;
};

}  // namespace gslbd::server
