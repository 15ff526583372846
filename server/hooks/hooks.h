// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hooks: tell people and programs what happened. Each hook has a thread and a bounded queue of its own, so
// that a receiver that is dead or slow delays nobody: not the health thread, not main, not another hook.
//
// Thread: tell() and counters() any; configure() and stop() one at a time.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/hooks/settings.h"
#include "server/journal/entry.h"

namespace gslbd::server {

/// What became of a hook's messages since the program started.
struct HookCounters {
  std::string hook;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;   ///< given up
  std::uint64_t retried = 0;  ///< attempts that failed and were made again
  std::uint64_t dropped = 0;  ///< entries that found the queue full
};

class Hook;

class Hooks {
 public:
  Hooks();
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// From now on these. One whose settings are the same goes on with what it has; those that have gone get
  /// kGrace to send what waits. Does not wait.
  void configure(const std::vector<HookSettings>& hooks, const std::string& server);
  void tell(const Entry& entry);
  /// Sends what waits and ends; waits kGrace and little more.
  void stop();
  std::vector<HookCounters> counters() const;

  /// How long a hook may still work when it is to end.
  static constexpr std::chrono::seconds kGrace{3};

 private:
  void collect_retired(bool wait);

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Hook>> hooks_;
  std::vector<std::shared_ptr<Hook>> retired_;  ///< ending
  std::vector<HookCounters> past_;              ///< of those that have ended
};

}  // namespace gslbd::server
