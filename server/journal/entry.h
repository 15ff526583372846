// SPDX-License-Identifier: Apache-2.0
#pragma once
// Entry: one thing that happened, as the journal keeps it and the hooks tell it. A line of the journal is one
// JSON object: "seq", "at" and "kind" always; "check", "target" and "site" where it is about one; and what
// else belongs to its kind (docs/reference/journal.md lists it).
//
// Thread: values and pure functions; any.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/time.h"
#include "health/event.h"

namespace gslbd::server {

struct Entry {
  std::uint64_t sequence = 0;  ///< grows by one with each line, also over restarts
  WallTime at{};
  std::string kind;
  std::string check{};
  std::string target{};  ///< an address
  std::string site{};
  Json more = Json::object();  ///< the keys of this kind
};

/// A kind that entries may have.
struct EntryKind {
  std::string_view name;
  bool told_by_default;  ///< a hook without "on" tells of it
  std::string_view help;
};
std::span<const EntryKind> entry_kinds();

Entry entry_of(const health::Event& event);

/// One object, as the API shows it.
Json to_json(const Entry& entry);
/// That object as a line, its line feed included. What is no UTF-8 is replaced.
std::string to_line(const Entry& entry);
/// nullopt: no whole entry, such as a line that was cut off by a crash.
std::optional<Entry> parse_entry(std::string_view line);

}  // namespace gslbd::server
