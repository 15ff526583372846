// SPDX-License-Identifier: Apache-2.0
#pragma once
// StateFile: one small file of the state directory. It is written whole beside its place, forced to the disk
// and moved there: a crash leaves the old or the new one. One that cannot be used is set aside, not lost.
//
// Thread: one at a time for each path.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"
#include "core/time.h"

namespace gslbd::server {

class StateFile {
 public:
  StateFile(const std::string& state_dir, std::string_view name);

  const std::string& path() const { return path_; }
  /// nullopt: there is none.
  Result<std::optional<std::string>> read() const;
  Result<void> write(std::string_view content) const;
  /// Renames it to "<name>.damaged" and logs why; returns what was logged.
  std::string set_aside(std::string_view why) const;

 private:
  std::string path_;
};

/// Times in these files: milliseconds since the epoch. Reading throws a std::exception for what is none, or
/// lies where no clock of ours can be.
std::int64_t to_milliseconds(WallTime t);
WallTime from_milliseconds(const Json& value);

}  // namespace gslbd::server
