// SPDX-License-Identifier: Apache-2.0
#pragma once
// load: the configuration file and every zone file, checked together and compiled. All or nothing: with any
// error nothing comes back and whatever served before goes on. Opens no sockets.
//
// Thread: any one thread; a reload runs it off the main loop.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/answer/access_list.h"
#include "server/answer/cookie.h"
#include "server/config/config.h"
#include "server/config/pool_reader.h"
#include "server/steering/pool.h"
#include "zones/zone.h"

namespace gslbd::server {

/// The serial that was given to a zone whose file has none, and the content it stood for.
struct SerialRecord {
  std::uint32_t serial = 0;
  std::size_t content_hash = 0;
};
using Serials = std::map<std::string, SerialRecord>;  ///< by file

struct LoadedZone {
  std::string file;
  std::shared_ptr<const zones::Zone> zone;
  std::vector<std::uint32_t> pools;  ///< by zones::PoolBinding::pool: index into Loaded::pools
  std::shared_ptr<const AccessList> access = nullptr;  ///< who may ask for its names; null: everybody
};

struct Loaded {
  Config config;
  std::vector<Pool> pools;
  std::vector<LoadedZone> zones;
  Serials serials;
  std::optional<CookieSecrets> cookie_secrets =
      std::nullopt;                            ///< of the configuration's file, if it names one
  std::vector<health::TargetSpec> canaries{};  ///< what tells whether this server is connected
  std::string admin_token{};                   ///< likewise; empty: commands need none

  /// The names that forced states and maintenance windows may use.
  Catalogue catalogue() const;
};

/// `previous` are the serials of the state that serves now: a changed file gets a larger one.
std::optional<Loaded> load(const std::string& file, const Serials& previous, Diagnostics& diagnostics);

/// The zone files that the configuration's patterns match now, sorted, each once. A pattern that matches
/// nothing is an error: a push that lost a directory must not take the zones with it.
std::vector<std::string> find_zone_files(const Config& config, Diagnostics& diagnostics);

}  // namespace gslbd::server
