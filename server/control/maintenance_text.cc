// SPDX-License-Identifier: Apache-2.0
// The words in which maintenance windows are written.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/control/maintenance.h"

namespace gslbd::server {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::uint8_t kEveryDay = 0x7f;

/// Walks over a text. What is not there leaves it where it is.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool at_end() const { return rest_.empty(); }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool accept_word(std::string_view word) {
    if (rest_.size() < word.size()) return false;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (!std::ranges::equal(rest_.substr(0, word.size()), word, {}, lower)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// Exactly so many digits.
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  std::optional<unsigned> day() {
    for (unsigned d = 0; d < kDays.size(); ++d) {
      if (accept_word(kDays[d])) return d;
    }
    return std::nullopt;
  }
  /// "HH:MM" up to 24:00.
  std::optional<minutes> time() {
    const auto hour = digits(2);
    if (!hour || !accept(':')) return std::nullopt;
    const auto minute = digits(2);
    if (!minute || *minute > 59 || *hour > 24 || (*hour == 24 && *minute != 0)) return std::nullopt;
    return hours(*hour) + minutes(*minute);
  }

 private:
  std::string_view rest_;
};

// "daily", or days and ranges of days with commas between; 0 when it is neither.
std::uint8_t read_days(Cursor& at) {
  if (at.accept_word("daily")) return kEveryDay;
  unsigned out = 0;
  do {
    at.skip_blanks();
    const auto first = at.day();
    if (!first) return 0;
    const auto last = at.accept('-') ? at.day() : first;
    if (!last) return 0;
    for (unsigned d = *first;; d = (d + 1) % 7) {
      out |= 1U << d;
      if (d == *last) break;
    }
  } while (at.accept(','));
  return static_cast<std::uint8_t>(out);
}

// From the day in `days`, the only one, to `last`.
minutes days_between(std::uint8_t days_set, unsigned last) {
  unsigned first = 0;
  while ((days_set >> first & 1U) == 0) ++first;
  return days((last + 7 - first) % 7);
}

}  // namespace

Result<WeeklyTime> parse_weekly(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(fmt::format("\"{}\" {}", text, why)); };
  constexpr std::string_view kForm =
      "is no weekly window such as \"sun 02:00-04:00\", \"mon-fri 22:00-06:00\", \"daily 03:00-03:30\" or "
      "\"fri 22:00-mon 06:00\"";
  WeeklyTime out;
  Cursor at(text);
  out.days = read_days(at);
  at.skip_blanks();
  const auto start = at.time();
  at.skip_blanks();
  if (out.days == 0 || !start || *start == hours(24) || !at.accept('-')) return wrong(kForm);
  at.skip_blanks();
  const auto last_day = at.day();
  at.skip_blanks();
  const auto end = at.time();
  at.skip_blanks();
  if (!end || !at.at_end()) return wrong(kForm);
  out.start = *start;
  out.end = *end;
  if (last_day) {
    if ((out.days & (out.days - 1)) != 0) return wrong("ends on a named day: it must begin on a single one");
    out.end += days_between(out.days, *last_day);
    if (out.end <= out.start) return wrong("ends before it begins");
  } else if (out.end == out.start) {
    return wrong("is empty; a whole day is 00:00-24:00");
  } else if (out.end < out.start) {
    out.end += hours(24);
  }
  return out;
}

Result<LocalTime> parse_local_time(std::string_view text) {
  Cursor at(text);
  const auto wrong = [&] {
    return fail(fmt::format("\"{}\" is no time such as \"2026-12-01 02:00\"", text));
  };
  const auto y = at.digits(4);
  if (!y || !at.accept('-')) return wrong();
  const auto m = at.digits(2);
  if (!m || !at.accept('-')) return wrong();
  const auto d = at.digits(2);
  if (!d || !(at.accept(' ') || at.accept('T'))) return wrong();
  const auto clock = at.time();
  if (!clock) return wrong();
  seconds extra{0};
  if (at.accept(':')) {
    const auto s = at.digits(2);
    if (!s || *s > 59) return wrong();
    extra = seconds(*s);
  }
  const year_month_day date(year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d)));
  // Beyond these years a time in nanoseconds would not fit.
  const bool in_reach = *y >= 1970 && *y < 2200;
  if (!at.at_end() || !in_reach || !date.ok() || *clock + extra > hours(24)) return wrong();
  return local_days(date) + *clock + extra;
}

}  // namespace gslbd::server
