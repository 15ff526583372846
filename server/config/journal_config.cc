// SPDX-License-Identifier: Apache-2.0
#include "server/config/journal_config.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace gslbd::server {
namespace {

constexpr std::uint64_t kSmallest = 64 * 1000;
constexpr std::uint64_t kLargest = 1000 * 1000 * 1000;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{
    {"", 1},
    {"B", 1},
    {"KB", 1000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"KiB", 1U << 10U},
    {"MiB", 1U << 20U},
    {"GiB", 1U << 30U},
}};

void read_max_size(const JsonView& v, JournalSettings& s) {
  std::optional<std::uint64_t> size;
  if (v.json().is_number_unsigned()) {
    size = v.json().get<std::uint64_t>();
  } else if (v.json().is_string()) {
    size = parse_size(v.json().get_ref<const std::string&>());
  }
  if (!size) return v.expected("a size such as \"10MB\", or a number of octets");
  if (*size < kSmallest || *size > kLargest) return v.error(quote(v.json()) + " is outside 64KB to 1GB");
  s.max_size = *size;
}

const Field<JournalSettings> kFields[] = {
    {"max_size", "size, 64KB to 1GB", "`\"10MB\"`",
     "how large `journal.jsonl` may grow before it is put aside as `journal.jsonl.1`", read_max_size},
    {"keep", "0 to 100", "`5`", "how many files put aside are kept; the oldest goes",
     [](const JsonView& v, JournalSettings& s) {
       s.keep = static_cast<std::uint32_t>(read_integer(v, 0, 100).value_or(s.keep));
     }},
};

}  // namespace

void read_journal_settings(const JsonView& v, JournalSettings& out) {
  if (v.json() == false) {
    out.on = false;
    return;
  }
  if (!v.json().is_object()) return v.expected("false, or an object with \"max_size\" and \"keep\"");
  read_object<JournalSettings>(v, kFields, out);
}

std::span<const Field<JournalSettings>> journal_fields() {
  return kFields;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

}  // namespace gslbd::server
