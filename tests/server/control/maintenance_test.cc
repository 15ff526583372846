// SPDX-License-Identifier: Apache-2.0
#include "server/control/maintenance.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;
using namespace std::chrono;

namespace {

using Occurrence = MaintenanceWindow::Occurrence;

WallTime utc(int y, unsigned m, unsigned d, Duration clock) {
  return sys_days(year(y) / month(m) / day(d)) + clock;
}

MaintenanceWindow weekly(const std::string& text, const std::string& zone) {
  MaintenanceWindow w;
  w.scope = ForcedScope::site("fra");
  w.zone = *TimeZone::find(zone);
  w.weekly = {*parse_weekly(text)};
  return w;
}

MaintenanceWindow once(const std::string& from, const std::string& to, const std::string& zone) {
  MaintenanceWindow w;
  w.scope = ForcedScope::site("fra");
  w.zone = *TimeZone::find(zone);
  w.from = *parse_local_time(from);
  w.to = *parse_local_time(to);
  return w;
}

// The n-th occurrence after `t`, as an observer that follows next_change sees it.
std::vector<Occurrence> occurrences(const MaintenanceWindow& w, WallTime t, std::size_t count) {
  std::vector<Occurrence> out;
  while (out.size() < count) {
    const auto next = w.next_after(t);
    if (!next) break;
    out.push_back(*next);
    t = next->from;
  }
  return out;
}

}  // namespace

// Berlin changes to summer time on 2026-03-29 at 01:00 UTC (02:00 to 03:00 on the clock), and back on
// 2026-10-25 at 01:00 UTC (03:00 to 02:00).

TEST_CASE("a weekly window keeps its hour on the clock over a change to summer time") {
  const auto window = weekly("sun 04:00-05:00", "Europe/Berlin");
  CHECK(occurrences(window, utc(2026, 3, 20, 0h), 2) ==
        std::vector<Occurrence>{{utc(2026, 3, 22, 3h), utc(2026, 3, 22, 4h)},
                                {utc(2026, 3, 29, 2h), utc(2026, 3, 29, 3h)}});
}

TEST_CASE("over the hour that summer time skips a window is an hour shorter") {
  CHECK(occurrences(weekly("sun 01:30-03:30", "Europe/Berlin"), utc(2026, 3, 28, 12h), 1) ==
        std::vector<Occurrence>{{utc(2026, 3, 29, 30min), utc(2026, 3, 29, 1h + 30min)}});
  // Its beginning, or its end, is at the change.
  CHECK(occurrences(weekly("sun 02:30-03:30", "Europe/Berlin"), utc(2026, 3, 28, 12h), 1) ==
        std::vector<Occurrence>{{utc(2026, 3, 29, 1h), utc(2026, 3, 29, 1h + 30min)}});
  CHECK(occurrences(weekly("sun 01:30-02:30", "Europe/Berlin"), utc(2026, 3, 28, 12h), 1) ==
        std::vector<Occurrence>{{utc(2026, 3, 29, 30min), utc(2026, 3, 29, 1h)}});
}

TEST_CASE("a window within the skipped hour does not take place; the next one does") {
  const auto window = weekly("sun 02:15-02:45", "Europe/Berlin");
  CHECK(occurrences(window, utc(2026, 3, 28, 12h), 1) ==
        std::vector<Occurrence>{{utc(2026, 4, 5, 15min), utc(2026, 4, 5, 45min)}});
  for (Duration t = 0h; t < 4h; t += 5min) CHECK_FALSE(window.open_at(utc(2026, 3, 29, t)));
}

TEST_CASE("over the hour that occurs twice a window lasts through both") {
  CHECK(occurrences(weekly("sun 02:00-03:00", "Europe/Berlin"), utc(2026, 10, 24, 12h), 1) ==
        std::vector<Occurrence>{{utc(2026, 10, 25, 0h), utc(2026, 10, 25, 2h)}});
  const auto half = weekly("sun 02:30-02:45", "Europe/Berlin");
  CHECK(half.open_at(utc(2026, 10, 25, 35min)));
  CHECK(half.open_at(utc(2026, 10, 25, 1h + 40min)));
  CHECK_FALSE(half.open_at(utc(2026, 10, 25, 1h + 45min)));
}

TEST_CASE("a window past midnight belongs to the day on which it began") {
  const auto window = weekly("sat 23:00-01:00", "America/New_York");
  // Saturday 23:00 to Sunday 01:00 in New York (UTC-5 in December).
  CHECK(window.open_at(utc(2026, 12, 6, 4h)) == Occurrence{utc(2026, 12, 6, 4h), utc(2026, 12, 6, 6h)});
  CHECK(window.open_at(utc(2026, 12, 6, 5h + 59min)));
  CHECK_FALSE(window.open_at(utc(2026, 12, 6, 6h)));
  CHECK_FALSE(window.open_at(utc(2026, 12, 7, 4h)));
}

TEST_CASE("a window of several days is open on all of them") {
  const auto window = weekly("fri 22:00-mon 06:00", "UTC");
  const Occurrence weekend{utc(2026, 12, 4, 22h), utc(2026, 12, 7, 6h)};
  for (Duration t = 22h; t < 80h - 2h; t += 30min) CHECK(window.open_at(utc(2026, 12, 4, t)) == weekend);
  CHECK_FALSE(window.open_at(utc(2026, 12, 7, 6h)));
  CHECK_FALSE(window.open_at(utc(2026, 12, 4, 22h - 1ns)));
}

TEST_CASE("a window happens once when it names its day") {
  const auto window = once("2026-12-01 02:00", "2026-12-01 04:00", "Europe/Berlin");
  const Occurrence when{utc(2026, 12, 1, 1h), utc(2026, 12, 1, 3h)};
  CHECK(window.next_after(utc(2026, 11, 1, 0h)) == when);
  CHECK(window.open_at(when.from) == when);
  CHECK_FALSE(window.open_at(when.to));
  CHECK_FALSE(window.next_after(when.from));
}

TEST_CASE("what is open now, and when that changes") {
  const std::vector<MaintenanceWindow> windows{weekly("sun 02:00-04:00", "UTC"),
                                               weekly("sun 03:00-05:00", "UTC"),
                                               once("2026-12-01 02:00", "2026-12-01 04:00", "UTC")};
  // 2026-11-29 is a Sunday.
  auto now = utc(2026, 11, 29, 0h);
  std::vector<std::pair<std::size_t, WallTime>> seen;
  for (int i = 0; i < 6; ++i) {
    const auto open = open_windows(windows, now);
    REQUIRE(open.next_change);
    seen.emplace_back(open.entries.size(), *open.next_change);
    now = *open.next_change;
  }
  CHECK(seen == std::vector<std::pair<std::size_t, WallTime>>{{0, utc(2026, 11, 29, 2h)},
                                                              {1, utc(2026, 11, 29, 3h)},
                                                              {2, utc(2026, 11, 29, 4h)},
                                                              {1, utc(2026, 11, 29, 5h)},
                                                              {0, utc(2026, 12, 1, 2h)},
                                                              {1, utc(2026, 12, 1, 4h)}});
  const auto open = open_windows(windows, utc(2026, 11, 29, 2h));
  CHECK(open.entries.at(0).author == "maintenance");
  CHECK(open.entries.at(0).until == utc(2026, 11, 29, 4h));
  CHECK(open_windows({}, now).next_change == std::nullopt);
}

TEST_CASE("following next_change sees what asking every minute sees, through a year of clock changes") {
  for (const char* zone :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}) {
    const std::vector<MaintenanceWindow> windows{weekly("sun 01:45-02:15", zone),
                                                 weekly("daily 23:50-00:10", zone)};
    INFO(zone);
    WallTime followed = utc(2026, 1, 1, 0h);
    OpenWindows now = open_windows(windows, followed);
    std::size_t disagreements = 0;
    for (WallTime t = followed; t < utc(2027, 1, 1, 0h); t += 10min) {
      while (now.next_change && *now.next_change <= t) {
        followed = *now.next_change;
        now = open_windows(windows, followed);
      }
      const auto asked = open_windows(windows, t);
      if (asked.entries != now.entries) ++disagreements;
    }
    CHECK(disagreements == 0);
  }
}

TEST_CASE("a time zone that does not exist is answered with the nearest") {
  CHECK(TimeZone::find("Europe/Berln").error().message ==
        "there is no time zone \"Europe/Berln\"; did you mean \"Europe/Berlin\"?");
  CHECK_FALSE(TimeZone::find("../../etc/passwd").has_value());
  CHECK_FALSE(TimeZone::find("").has_value());
  CHECK(TimeZone::find("UTC")->to_local(utc(2026, 7, 1, 12h)) == *parse_local_time("2026-07-01 12:00"));
}
