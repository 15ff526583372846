// SPDX-License-Identifier: Apache-2.0
#pragma once
// TimeZone: what the clock on a wall somewhere shows. time_zone.cc is the one place that knows the library
// behind it (Howard Hinnant's date; g++ 12 has no time zones) and reads the system's tzdata. UTC works
// without any.
//
// A local time that a change to summer time skips means the moment of the change; one that occurs twice, when
// summer time ends, has an earliest and a latest moment.
//
// Thread: values; any.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace date {
class time_zone;
}

namespace gslbd::server {

/// A date and time without a zone.
using LocalTime = std::chrono::local_time<std::chrono::seconds>;

class TimeZone {
 public:
  TimeZone() = default;  ///< UTC

  /// By its name in the tz database: "Europe/Berlin". Errors name the nearest, or say that tzdata is missing.
  static Result<TimeZone> find(std::string_view name);

  const std::string& name() const { return name_; }
  LocalTime to_local(WallTime t) const;
  WallTime earliest(LocalTime t) const;
  WallTime latest(LocalTime t) const;

 private:
  const date::time_zone* zone_ = nullptr;  ///< the library's, for as long as the program runs; null: UTC
  std::string name_ = "UTC";
};

}  // namespace gslbd::server
