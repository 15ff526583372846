// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reloader: loads configurations off the main loop, one at a time, and remembers how the last try ended.
// Looking for changes among many zone files takes tens of milliseconds and loading a large zone takes
// seconds; verdicts must not wait for either.
//
// Thread: the loop's; the work itself runs on libuv's thread pool.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/diagnostics.h"
#include "core/time.h"
#include "server/app/edition.h"
#include "server/app/watched_paths.h"

namespace gslbd::server {

/// How loading ended.
struct ReloadReport {
  bool successful = true;
  WallTime at{};
  std::vector<std::string> messages;  ///< errors and warnings, as `gslbd check` prints them
  std::size_t zones_read = 0;         ///< zone files that were read: the others had not changed
  Duration took{0};                   ///< from its begin until it was served, or given up
};

class Reloader {
 public:
  struct Events {
    std::function<void(NextEdition)> on_loaded;  ///< each configuration that has no error
    std::function<void()> on_end;                ///< after every load, good or bad
    /// After every load and every look: directories() may be others, or the same made anew.
    std::function<void()> on_seen;
    /// What is served now.
    std::function<Edition()> current;
  };
  Reloader(uv_loop_t& loop, std::string file, Events events);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Notes what was loaded at the start, from `findings`.
  void loaded_at_start(Findings findings, const Loaded& loaded, const Diagnostics& diagnostics);
  /// Loads now, or again as soon as the load under way has ended.
  void request(const std::string& reason);
  /// Looks whether a file that matters has changed since the last load began, and if so loads. Looks only at
  /// what may have changed, if every other change since the last look was told.
  void request_if_changed(const ChangedFiles& happened);
  /// True while a load or a look is under way: the loop must turn until it ends.
  bool busy() const { return job_ != nullptr; }
  void stop() { stopping_ = true; }

  const ReloadReport& last() const { return last_; }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t failed() const { return failed_; }
  /// The directories in which a change may matter.
  const std::set<std::string>& directories() const { return watched_.directories(); }

 private:
  struct Job;
  enum class Wish : std::uint8_t { none, look, load };

  void start(Wish wish, const std::string& reason);
  void finish(Job& job);
  void note(Job& job);
  bool take_over(Job& job);

  uv_loop_t& loop_;
  const std::string file_;
  Events events_;
  std::shared_ptr<Job> job_;  ///< the one under way
  Wish next_ = Wish::none;    ///< what to do after it
  bool stopping_ = false;
  std::shared_ptr<const Findings> findings_;  ///< what the last load began with, or the last look since
  WatchedPaths watched_;                      ///< by findings_
  Changes changes_{.anything = false, .paths = {}};  ///< told since findings_
  ReloadReport last_;
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace gslbd::server
