// SPDX-License-Identifier: Apache-2.0
#pragma once
// load: the configuration file and every zone file, checked together and compiled. All or nothing: with any
// error nothing comes back and whatever served before goes on. Opens no sockets.
//
// A reload takes over what a zone file was compiled into as long as the file and what the configuration file
// defines for all zones are the same; of a zone that uses only the names of the configuration's pools, also
// when those have changed. What concerns several files (a zone that stands in two, the maintenance windows)
// is checked each time, and every warning comes back each time.
//
// Thread: any one thread; a reload runs it off the main loop.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/answer/cookie.h"
#include "server/config/config.h"
#include "server/config/findings.h"
#include "server/config/zone_source.h"

namespace gslbd::server {

struct LoadedZone {
  std::shared_ptr<const ZoneSource> source;  ///< what a later load may take over
  std::shared_ptr<const zones::Zone> zone;   ///< the source's, which lives as long
  std::vector<std::uint32_t> pools;          ///< by zones::PoolBinding::pool: index into Loaded::pools
};

struct Loaded {
  Config config;
  PoolList
      pools;  ///< the configuration's, then the zones' own; the list of the load before if they are equal
  ZoneFiles files;                ///< as they were before they were read
  std::vector<LoadedZone> zones;  ///< that of each file
  std::optional<CookieSecrets> cookie_secrets =
      std::nullopt;                            ///< of the configuration's file, if it names one
  std::vector<health::TargetSpec> canaries{};  ///< what tells whether this server is connected
  std::string admin_token{};                   ///< likewise; empty: commands need none
  std::shared_ptr<const GlobalScope> global{};
  /// The names that forced states and maintenance windows may use.
  std::shared_ptr<const Catalogue> catalogue{};
  std::size_t zones_read = 0;  ///< how many zone files were read for it

  /// `zone` is one of `zones`.
  const std::string& file_of(const LoadedZone& zone) const {
    return (*files.paths)[static_cast<std::size_t>(&zone - zones.data())];
  }
  /// True when the same is to be probed for the same pools as `earlier` has it: the very same objects.
  bool same_plan(const Loaded& earlier) const;
};

/// `previous` is what serves now: what has not changed since is taken over from it, and a zone without a
/// serial of its own gets a larger one when its file has changed.
std::optional<Loaded> load(const Findings& findings, const Loaded* previous, Diagnostics& diagnostics);
/// The same of what there is now.
std::optional<Loaded> load(const std::string& file, const Loaded* previous, Diagnostics& diagnostics);

}  // namespace gslbd::server
