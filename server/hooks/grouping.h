// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grouping: makes one message out of what happens together, and no more messages than a hook may send.
//
// A message opens with its first entry and is due `group` later; until it is taken, entries join it. When the
// hook has used up its messages (a token bucket: `max_per_minute` at once, refilled evenly), the message
// stays open until it may send again: nothing is lost, it is summed up. Entries of one kind, site and
// direction are one line of a message with their number and the first few of them, so a message is bounded
// too.
//
// Thread: one at a time. Time comes as an argument.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/time.h"
#include "server/hooks/settings.h"
#include "server/journal/entry.h"

namespace gslbd::server {

/// Entries that are alike.
struct MessageGroup {
  std::string kind;
  std::string site;  ///< empty: none
  std::string to;    ///< see direction_of()
  std::uint64_t count = 0;
  std::map<std::string, std::uint64_t> reasons;  ///< of verdicts: how many for each
  std::vector<Entry> first;                      ///< at most kShown
};

struct HookMessage {
  WallTime first_at{};
  WallTime last_at{};
  std::uint64_t count = 0;  ///< entries
  std::vector<MessageGroup> groups;
  std::uint64_t others = 0;  ///< entries of further groups, beyond kMostGroups
  Duration held_back{0};     ///< for how long the rate limit delayed it
};

class Grouping {
 public:
  static constexpr std::size_t kShown = 5;
  static constexpr std::size_t kMostGroups = 50;

  /// Zero for `group`: every message is due at once. `max_per_minute` is at least 1.
  Grouping(Duration group, std::uint32_t max_per_minute);

  void add(const Entry& entry, MonotonicTime now);
  /// When take() will have a message; nullopt: when something was added.
  std::optional<MonotonicTime> due() const;
  std::optional<HookMessage> take(MonotonicTime now);
  /// The open message, due or not, limit or not: for the end of the program.
  std::optional<HookMessage> flush(MonotonicTime now);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  ///< kind, site, to

  HookMessage finish(MonotonicTime now);

  const Duration window_;
  const Duration token_every_;
  const Duration burst_;
  /// The bucket as one time: a token is there at `next_token_`, and one more for every token_every_ since.
  MonotonicTime next_token_ = MonotonicTime::min();
  bool open_ = false;
  MonotonicTime opened_at_{};
  HookMessage message_;
  std::map<Key, std::size_t> group_of_;
};

/// Where an entry leads: the verdict, the forced state, or "released" and its like; of "isolated" and
/// "connected" the address family; empty for other kinds.
std::string direction_of(const Entry& entry);

}  // namespace gslbd::server
