// SPDX-License-Identifier: Apache-2.0
#pragma once
// A real server as a child process that says on its output where it listens.
//
// Thread: the test's.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gslbd::test {

class ChildServer {
 public:
  /// Runs `command` and reads its output up to a line that contains `marker`, perhaps with a port right
  /// behind it.
  ChildServer(const std::vector<std::string>& command, const std::string& marker);
  ~ChildServer();
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  bool started() const { return started_; }
  std::uint16_t port() const { return port_; }  ///< 0: it did not start, or did not say

 private:
  pid_t child_ = -1;
  int output_ = -1;
  bool started_ = false;
  std::uint16_t port_ = 0;
};

}  // namespace gslbd::test
