// SPDX-License-Identifier: Apache-2.0
#pragma once
// Maintenance windows: when something is drained by itself, as the configuration plans it: every week
// ("sun 02:00-04:00"), or once (from, to), on the clock of a time zone.
//
// On the day summer time begins or ends a window covers every moment at which that clock shows a time within
// it: one over the hour that occurs twice lasts an hour longer, one over the hour that is skipped an hour
// less, and one wholly within the skipped hour does not take place.
//
// Thread: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "server/control/forced_states.h"
#include "server/control/time_zone.h"

namespace gslbd::server {

/// Some days of each week.
struct WeeklyTime {
  std::uint8_t days = 0;          ///< on which it begins: bit 0 is Sunday
  std::chrono::minutes start{0};  ///< since midnight
  std::chrono::minutes end{0};    ///< since the same midnight: past 24 h when it ends on a later day
  bool operator==(const WeeklyTime&) const = default;
};

/// "sun 02:00-04:00", "mon-fri 22:00-06:00", "sat,sun 00:00-24:00", "daily 03:00-03:30", "fri 22:00-mon
/// 06:00".
Result<WeeklyTime> parse_weekly(std::string_view text);
/// "2026-12-01 02:00"; "T" between date and time and ":00" of seconds are understood too.
Result<LocalTime> parse_local_time(std::string_view text);

struct MaintenanceWindow {
  ForcedScope scope;
  ForcedState state = ForcedState::drain;
  std::string reason;
  TimeZone zone;
  std::vector<WeeklyTime> weekly;  ///< or, when empty:
  LocalTime from{};
  LocalTime to{};

  struct Occurrence {
    WallTime from{};
    WallTime to{};
    bool operator==(const Occurrence&) const = default;
  };
  /// The occurrence that `t` lies in; the one that ends last of several.
  std::optional<Occurrence> open_at(WallTime t) const;
  /// The first that begins after `t`.
  std::optional<Occurrence> next_after(WallTime t) const;

 private:
  std::vector<Occurrence> occurrences_around(WallTime t) const;
};

/// Who forces what a window forces.
inline constexpr const char* kMaintenanceAuthor = "maintenance";

struct OpenWindows {
  std::vector<ForcedEntry> entries;
  std::optional<WallTime> next_change;  ///< when one opens or closes; none: never
};
OpenWindows open_windows(std::span<const MaintenanceWindow> windows, WallTime now);

}  // namespace gslbd::server
