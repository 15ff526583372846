// SPDX-License-Identifier: Apache-2.0
#pragma once
// Findings: one look at everything that a configuration is made of: the configuration file, read, and what
// the file system says of the zone files and of the other files, unread. Made before anything else is read,
// so that a file that changes meanwhile shows the next time.
//
// Thread: find() any; the rest plain data.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "server/config/config.h"
#include "server/config/zone_files.h"

namespace gslbd::server {

struct Findings {
  bool readable = false;                 ///< the configuration file could be read, whatever is wrong with it
  Config config;                         ///< what it says; if it is not readable, what it said before
  Diagnostics diagnostics;               ///< of the configuration file
  std::vector<std::string> other_files;  ///< the configuration file, and those it names beside the zones
  std::size_t contents_hash = 0;         ///< of the other files
  ZoneFiles zone_files;

  /// True when nothing shows that a file is not what it was; of zone files that were not settled then, only
  /// reading can tell.
  bool same_as(const Findings& earlier) const;
};

/// What may have changed since a look.
struct Changes {
  bool anything = true;            ///< nothing is known
  std::vector<std::string> paths;  ///< otherwise: these zone files, or others beside them; no directory
};

/// `earlier`, or null: its configuration stands in for one that cannot be read, to tell which files matter
/// then; and what cannot have changed since is not looked at again.
Findings find(const std::string& file, const Findings* earlier = nullptr, const Changes& since = {});

/// By which two texts of a file are told apart.
inline std::size_t text_hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace gslbd::server
