// SPDX-License-Identifier: Apache-2.0
#pragma once
// StateLock: one server a state directory. Two that wrote the same verdicts, forced states and journal would
// each undo what the other has written down: a drained site would come back with the next restart. The second
// one is refused, before it has read or written anything there.
//
// It is a lock of the kernel's on the file "lock" (flock(2)), which goes with the process, however it ends.
// On a file system that has no locks nothing is refused, and a warning says so.
//
// Thread: any one at a time.

#include <string>

#include "core/result.h"
#include "core/unique_fd.h"

namespace gslbd::server {

class StateLock {
 public:
  /// Holds nothing.
  StateLock() = default;

  /// "state_dir /var/lib/gslbd is in use by another gslbd (process 4711)". An empty name needs no lock.
  static Result<StateLock> take(const std::string& state_dir);

  /// True for the directory that it was taken for, by whatever name.
  bool holds(const std::string& state_dir) const;

 private:
  std::string directory_;  ///< canonical
  UniqueFd file_;
};

}  // namespace gslbd::server
