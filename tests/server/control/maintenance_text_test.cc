// SPDX-License-Identifier: Apache-2.0
#include "server/control/maintenance.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;
using namespace std::chrono;

namespace {

constexpr std::uint8_t kSun = 1, kMon = 2, kFri = 32, kSat = 64, kAll = 127;

LocalTime at(int y, unsigned m, unsigned d, Duration clock) {
  return local_days(year(y) / month(m) / day(d)) + duration_cast<seconds>(clock);
}

}  // namespace

TEST_CASE("weekly windows say on which days they begin, and when they end") {
  const std::pair<const char*, WeeklyTime> known[] = {
      {"sun 02:00-04:00", {kSun, 2h, 4h}},
      {"SUN 02:00 - 04:00", {kSun, 2h, 4h}},
      {"sat,sun 00:00-24:00", {kSat | kSun, 0h, 24h}},
      {"sat, sun 00:00-24:00", {kSat | kSun, 0h, 24h}},
      {"mon-fri 22:00-06:00", {kAll & ~kSat & ~kSun, 22h, 30h}},
      {"fri-mon 01:30-01:45", {kFri | kSat | kSun | kMon, 90min, 105min}},
      {"daily 03:00-03:30", {kAll, 3h, 210min}},
      {"fri 22:00-mon 06:00", {kFri, 22h, 78h}},
      {"mon 00:00-mon 06:00", {kMon, 0h, 6h}},
      {"sun 23:00-00:00", {kSun, 23h, 24h}},
  };
  for (const auto& [text, expected] : known) {
    INFO(text);
    const auto read = parse_weekly(text);
    REQUIRE(read.has_value());
    CHECK(read->days == expected.days);
    CHECK(read->start == expected.start);
    CHECK(read->end == expected.end);
  }
}

TEST_CASE("weekly windows that are none are told so") {
  for (const char* text :
       {"", "sun", "02:00-04:00", "sunday 02:00-04:00", "sun 2:00-4:00", "sun 02:00", "son 02:00-04:00",
        "sun 25:00-26:00", "sun 02:60-03:00", "sun 24:00-03:00", "sun 02:00-04:00 x", "sun- 02:00-04:00",
        "sun, 02:00-04:00", "daily,mon 01:00-02:00", "sun 02:00-24:01"}) {
    INFO(text);
    const auto read = parse_weekly(text);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message.find("is no weekly window such as") != std::string::npos);
  }
  CHECK(parse_weekly("sun 02:00-02:00").error().message ==
        "\"sun 02:00-02:00\" is empty; a whole day is 00:00-24:00");
  CHECK(parse_weekly("mon 06:00-mon 02:00").error().message ==
        "\"mon 06:00-mon 02:00\" ends before it begins");
  CHECK(parse_weekly("sat,sun 22:00-mon 06:00").error().message ==
        "\"sat,sun 22:00-mon 06:00\" ends on a named day: it must begin on a single one");
}

TEST_CASE("a date and time without a zone") {
  CHECK(*parse_local_time("2026-12-01 02:00") == at(2026, 12, 1, 2h));
  CHECK(*parse_local_time("2026-12-01T02:00:30") == at(2026, 12, 1, 2h + 30s));
  CHECK(*parse_local_time("2028-02-29 24:00") == at(2028, 3, 1, 0h));
  for (const char* text : {"", "2026-12-01", "2026-12-01 2:00", "2026-02-29 02:00", "2026-13-01 02:00",
                           "2026-12-01 02:00Z", "2026-12-01 24:01", "2026-12-01 24:00:01", "0001-01-01 00:00",
                           "9999-01-01 00:00", "2026-12-01 02:00:60", "26-12-01 02:00"}) {
    INFO(text);
    CHECK_FALSE(parse_local_time(text).has_value());
  }
}

TEST_CASE("no text is too odd: one octet changed, or cut off anywhere, is read or refused") {
  const std::string good = "fri 22:00-mon 06:00";
  std::size_t read = 0;
  for (std::size_t at = 0; at <= good.size(); ++at) {
    if (parse_weekly(good.substr(0, at))) ++read;
    for (unsigned octet = 0; at < good.size() && octet < 256; ++octet) {
      std::string text = good;
      text[at] = static_cast<char>(octet);
      const auto weekly = parse_weekly(text);
      if (!weekly) continue;
      ++read;
      CHECK(weekly->start < weekly->end);
      CHECK(weekly->end <= weekly->start + 7 * 24h);
    }
  }
  CHECK(read > 40);
}
