// SPDX-License-Identifier: Apache-2.0
#include "core/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace gslbd {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Longest first, so that formatting takes the largest unit that divides the value.
constexpr std::array<Unit, 8> kUnits{{{"w", 604'800'000'000'000},
                                      {"d", 86'400'000'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  double number = 0;
  if (text.empty() || !std::isdigit(static_cast<unsigned char>(text.front()))) return std::nullopt;
  const auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (ec != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& u : kUnits) {
    if (unit != u.name) continue;
    const double nanoseconds = number * static_cast<double>(u.nanoseconds);
    if (nanoseconds > 9.0e18) return std::nullopt;  // past what 63 bits of nanoseconds hold: 292 years
    return Duration(std::llround(nanoseconds));
  }
  return std::nullopt;
}

std::string format_duration(Duration d) {
  const std::int64_t ns = d.count();
  if (ns == 0) return "0s";
  for (const Unit& u : kUnits) {
    if (u.name == "w") continue;  // people write "14d"
    if (ns % u.nanoseconds == 0) return fmt::format("{}{}", ns / u.nanoseconds, u.name);
  }
  return fmt::format("{}ns", ns);
}

std::string format_wall_time(WallTime t) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(t);
  const auto s = std::chrono::floor<std::chrono::seconds>(ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(s)),
                     (ms - s).count());
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
  const auto number = [&text](std::size_t at, std::size_t digits) {
    int value = -1;
    const char* begin = text.data() + at;
    const auto [end, ec] = std::from_chars(begin, begin + digits, value);
    return ec == std::errc{} && end == begin + digits ? value : -1;
  };
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() <= kForm.size() || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && text[i] != kForm[i]) return std::nullopt;
  }
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  const bool in_range = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  // Years beyond these do not fit into 64 bits of nanoseconds.
  if (!day.ok() || !in_range || number(0, 4) < 1970 || number(0, 4) > 2200) return std::nullopt;
  int milliseconds = 0;
  if (text.size() > kForm.size() + 1) {
    if (text.size() != kForm.size() + 5 || text[kForm.size()] != '.') return std::nullopt;
    milliseconds = number(kForm.size() + 1, 3);
    if (milliseconds < 0) return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(day)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::milliseconds(milliseconds);
}

}  // namespace gslbd
