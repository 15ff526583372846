// SPDX-License-Identifier: Apache-2.0
#include "server/control/maintenance.h"

namespace gslbd::server {
namespace {

using namespace std::chrono;

// "mon 00:00-mon 00:00" is a week; a window that began longer ago is over.
constexpr days kLongestWeekly{7};

MaintenanceWindow::Occurrence on_the_clock(const TimeZone& zone, LocalTime from, LocalTime to) {
  return {zone.earliest(from), zone.latest(to)};
}

// The skipped hour leaves nothing of a window within it.
bool takes_place(const MaintenanceWindow::Occurrence& o) {
  return o.from < o.to;
}

void take_earlier(std::optional<WallTime>& best, WallTime t) {
  if (!best || t < *best) best = t;
}

}  // namespace

// Those of the days near `t`: whatever is open at `t`, and the next that begins, is among them.
std::vector<MaintenanceWindow::Occurrence> MaintenanceWindow::occurrences_around(WallTime t) const {
  std::vector<Occurrence> out;
  const auto add = [&](LocalTime begin, LocalTime end) {
    const Occurrence o = on_the_clock(zone, begin, end);
    if (takes_place(o)) out.push_back(o);
  };
  if (weekly.empty()) {
    add(from, to);
    return out;
  }
  const local_days today = floor<days>(zone.to_local(t));
  // A day more at either end, for clocks that are changed; two weeks ahead, for an occurrence that is
  // skipped.
  for (local_days day = today - kLongestWeekly - days(1); day <= today + days(15); day += days(1)) {
    const unsigned weekday_bit = 1U << weekday(day).c_encoding();
    for (const WeeklyTime& each : weekly) {
      if ((each.days & weekday_bit) != 0) add(day + each.start, day + each.end);
    }
  }
  return out;
}

std::optional<MaintenanceWindow::Occurrence> MaintenanceWindow::open_at(WallTime t) const {
  std::optional<Occurrence> open;
  for (const Occurrence& o : occurrences_around(t)) {
    if (o.from <= t && t < o.to && (!open || open->to < o.to)) open = o;
  }
  return open;
}

std::optional<MaintenanceWindow::Occurrence> MaintenanceWindow::next_after(WallTime t) const {
  std::optional<Occurrence> next;
  for (const Occurrence& o : occurrences_around(t)) {
    if (o.from > t && (!next || o.from < next->from)) next = o;
  }
  return next;
}

OpenWindows open_windows(std::span<const MaintenanceWindow> windows, WallTime now) {
  OpenWindows out;
  for (const MaintenanceWindow& w : windows) {
    if (const auto open = w.open_at(now)) {
      out.entries.push_back({w.scope, w.state, w.reason, kMaintenanceAuthor, open->from, open->to, true});
      take_earlier(out.next_change, open->to);
    }
    if (const auto next = w.next_after(now)) take_earlier(out.next_change, next->from);
  }
  return out;
}

}  // namespace gslbd::server
