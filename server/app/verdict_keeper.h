// SPDX-License-Identifier: Apache-2.0
#pragma once
// VerdictKeeper: writes the verdicts to the state directory soon after one changes, and now and then so that
// they stay fresh. Writing happens on libuv's thread pool: a slow disk must not hold up a verdict.
//
// Thread: the loop's.

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "health/monitor.h"

namespace gslbd::server {

class VerdictKeeper {
 public:
  /// `state_dir` tells where to write now; empty: nowhere.
  VerdictKeeper(uv_loop_t& loop, const health::Monitor& monitor, std::function<std::string()> state_dir);
  ~VerdictKeeper();
  VerdictKeeper(const VerdictKeeper&) = delete;
  VerdictKeeper& operator=(const VerdictKeeper&) = delete;

  void start();
  void verdict_changed() { changed_ = true; }
  /// Writes a last time, at once. The loop must turn until a write under way has ended.
  void close();

 private:
  struct Job;
  void tick();
  void save_now();
  bool health_answers() const;

  uv_loop_t& loop_;
  const health::Monitor& monitor_;
  std::function<std::string()> state_dir_;
  uv_timer_t timer_{};
  std::unique_ptr<Job> job_;  ///< while a write is under way
  bool changed_ = false;
  bool closing_ = false;
  std::uint64_t saved_at_ms_ = 0;  ///< loop time
};

}  // namespace gslbd::server
