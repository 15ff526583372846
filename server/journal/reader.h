// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading the journal back, the newest entries first. Work and memory are bounded: files are read in pieces
// from their end, lines that cannot match are passed over unparsed, and no more is read than was asked for.
//
// Thread: any, while the journal is written: a file that is put aside meanwhile is read once all the same.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/entry.h"

namespace gslbd::server {

/// Which entries. Empty texts let everything through.
struct JournalQuery {
  static constexpr std::size_t kMost = 1000;
  std::size_t limit = 100;
  std::string check{};
  std::string target{};
  std::string site{};
  std::string kind{};
  std::optional<WallTime> since{};
  /// As much is read for one question at most: a journal may be kept at any size, and anybody may ask.
  std::uint64_t most_octets = std::uint64_t{256} * 1024 * 1024;
};

struct JournalPage {
  std::vector<Entry> entries;  ///< the newest first
  std::uint64_t damaged = 0;   ///< lines passed over: cut off by a crash, or not ours
  bool complete = true;        ///< false: there may be more, further back than most_octets reach
};

/// The newest entries that match. Files that are missing are none.
JournalPage read_journal(const std::string& directory, const JournalQuery& query);

/// Every entry, the oldest first, for which `may_matter` of its bare line holds. For a journal that nobody
/// writes meanwhile.
void replay_journal(const std::string& directory, const std::function<bool(std::string_view)>& may_matter,
                    const std::function<void(const Entry&)>& visit);

/// The last entry of all; nullopt in an empty journal.
std::optional<Entry> last_entry(const std::string& directory);

}  // namespace gslbd::server
