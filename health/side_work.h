// SPDX-License-Identifier: Apache-2.0
#pragma once
// SideWork: calls that may block for as long as they like (files on a network file system), made away from
// the health thread.
//
// Each job has a lane, such as the directory of its file. Jobs of one lane run one after the other, so that a
// directory that hangs costs one thread and leaves the others to the rest; four of them take all threads
// there are. The threads are not those of libuv's pool: reloads and the keeping of verdicts need that one,
// and it cannot lose a thread.
//
// Invariants: at most kThreads threads, which end when there was nothing to do for a while; a job whose
// thread hangs cannot be ended: it is left behind, with all that it owns, and its result is dropped if the
// loop is gone by then. Whoever adds jobs bounds their number.
//
// Thread: the loop's; jobs run on others.

#include <functional>
#include <memory>
#include <string>

namespace gslbd::health {

class UvLoop;

class SideWork {
 public:
  static constexpr int kThreads = 4;
  /// What to do on the loop when the job is done; may be empty.
  using Done = std::function<void()>;
  /// May block; must own what it needs, and touch nothing that is the loop's.
  using Job = std::function<Done()>;

  explicit SideWork(UvLoop& loop);
  /// Waits a moment for jobs that can end; drops those that have not begun.
  ~SideWork();
  SideWork(const SideWork&) = delete;
  SideWork& operator=(const SideWork&) = delete;

  void run(const std::string& lane, Job job);

 private:
  struct State;
  const std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace gslbd::health
