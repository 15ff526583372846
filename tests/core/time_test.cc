// SPDX-License-Identifier: Apache-2.0
#include "core/time.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace std::chrono_literals;

TEST_CASE("durations are read with their unit") {
  CHECK(parse_duration("250ms") == Duration(250ms));
  CHECK(parse_duration("2s") == Duration(2s));
  CHECK(parse_duration("1.5s") == Duration(1500ms));
  CHECK(parse_duration("5m") == Duration(5min));
  CHECK(parse_duration("1h") == Duration(1h));
  CHECK(parse_duration("2d") == Duration(48h));
  CHECK(parse_duration("2w") == Duration(336h));
  CHECK(parse_duration("0s") == Duration(0));
}

TEST_CASE("what is not a duration is refused") {
  for (const char* text : {"", "s", "5", "-1s", "+1s", "1 s", "1sec", "1e3s", "nan", "99999999999w", "1s "}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a printed duration reads back as itself") {
  for (const Duration d : {Duration(0), Duration(1), Duration(250ms), Duration(90s), Duration(5min),
                           Duration(36h), Duration(336h), Duration(1500ms)}) {
    INFO(format_duration(d));
    CHECK(parse_duration(format_duration(d)) == d);
  }
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(120s) == "2m");
  CHECK(format_duration(336h) == "14d");
}

TEST_CASE("wall time is printed in UTC with milliseconds") {
  const WallTime t = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 23h + 55min + 1s + 123ms;
  CHECK(format_wall_time(t) == "2026-11-21T23:55:01.123Z");
}
