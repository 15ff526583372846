// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program that runs beside us: started without a shell, in a process group of its own, with nothing of ours
// open but the pipe that its output comes through. It is over when the program itself has ended; whatever it
// left behind in its process group is killed then, and nobody waits for it.
//
// Invariants: no zombie stays; the output that is kept is bounded, however much is written.
//
// Thread: the loop's.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/unique_fd.h"
#include "health/uv_loop.h"

namespace gslbd::health {

/// How a program ended.
struct ProgramEnd {
  int exit_code = 0;      ///< 0 to 255, when no signal ended it
  int signal = 0;         ///< that ended it; 0: none did
  bool known = true;      ///< false: somebody else in this process has waited for it
  bool too_much = false;  ///< it wrote more than kMostOutput and was ended for it
  std::string last_line;  ///< of what it wrote that was not empty; octets, at most kLongestLine
};

class Program {
 public:
  static constexpr std::size_t kMostOutput = 1 << 20;  ///< octets; more is no answer but a flood
  static constexpr std::size_t kLongestLine = 512;
  using OnEnd = std::function<void(ProgramEnd)>;

  /// Starts `command` (its first element is the program's file) with exactly this environment. The error is
  /// an errno value. `on_end` comes once, never from inside this call, and may destroy the program.
  static tl::expected<std::unique_ptr<Program>, int> start(UvLoop& loop,
                                                           const std::vector<std::string>& command,
                                                           const std::vector<std::string>& environment,
                                                           OnEnd on_end);
  /// Kills it at once if it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Sends a signal to the whole process group.
  void signal_group(int signal) const;

 private:
  Program(UvLoop& loop, pid_t pid, UniqueFd output, UniqueFd process, OnEnd on_end);
  bool watch();
  void read_output();
  void take(std::span<const char> octets);
  void ended();

  const pid_t pid_;
  bool reaped_ = false;
  UniqueFd output_;
  UniqueFd process_;  ///< readable once the program has ended (pidfd)
  OnEnd on_end_;
  std::size_t written_ = 0;
  ProgramEnd end_;
  std::string line_;  ///< that is being written
  SocketWatch output_watch_;
  SocketWatch process_watch_;
};

}  // namespace gslbd::health
