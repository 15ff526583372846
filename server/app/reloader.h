// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reloader: loads configurations off the main loop, one at a time, and remembers how the last try ended.
// Loading a large zone takes seconds; verdicts must not wait for it.
//
// Thread: the loop's; the loading itself runs on libuv's thread pool.

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/time.h"
#include "server/config/loader.h"

namespace gslbd::server {

/// How loading ended.
struct ReloadReport {
  bool successful = true;
  WallTime at{};
  std::vector<std::string> messages;  ///< errors and warnings, as `gslbd check` prints them
};

class Reloader {
 public:
  struct Events {
    std::function<void(Loaded)> on_loaded;  ///< each configuration that has no error
    std::function<void()> on_end;           ///< after every load, good or bad: directories() may have changed
  };
  Reloader(uv_loop_t& loop, std::string file, Events events);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Notes the configuration that was loaded at the start.
  void loaded_at_start(const Loaded& loaded, const Diagnostics& diagnostics);
  /// Loads now, or again as soon as the load under way has ended.
  void request(const std::string& reason);
  /// Loads if a file that matters has changed since the last load began.
  void request_if_changed();
  /// True while a load is under way: the loop must turn until it ends.
  bool busy() const { return job_ != nullptr; }
  void stop() { stopping_ = true; }

  const ReloadReport& last() const { return last_; }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t failed() const { return failed_; }
  /// The directories in which a change may matter.
  std::set<std::string> directories() const;

 private:
  struct Job;
  void start(const std::string& reason);
  void finish(Job& job);
  bool take_over(Loaded& loaded);

  uv_loop_t& loop_;
  const std::string file_;
  Events events_;
  std::unique_ptr<Job> job_;
  bool again_ = false;
  bool stopping_ = false;
  Config
      config_;  ///< the last that could be read, also if it could not be loaded: it tells which files matter
  Serials serials_;
  std::string signature_;  ///< of those files when the last load began
  ReloadReport last_;
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace gslbd::server
