// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZoneSource: what one zone file was read and compiled into. It depends on the file's text and on what the
// configuration file defines for all zones (GlobalScope), and on no other zone file: a reload takes it over
// as long as both are the same.
//
// Pools are numbered as this file sees them: first the configuration's, then its own. The loader gives them
// their places in the list of all.
//
// Thread: ZoneSource and GlobalScope immutable once made, any; ZoneReader one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "server/answer/access_list.h"
#include "server/config/pool_reader.h"
#include "zones/zone.h"

namespace gslbd::server {

using PoolList = std::shared_ptr<const std::vector<Pool>>;

/// The sites, checks and pools of the configuration file.
struct GlobalScope {
  Scope scope;
  std::vector<Pool> pools;
};

// What a reload asks of every zone comes first: of ten thousand, each cache line is fetched from memory.
struct ZoneSource {
  std::shared_ptr<const zones::Zone> zone;
  std::vector<Diagnostic> warnings;  ///< all of them, in order
  /// Reading it again may tell something else though its text is the same: a check of it names a file.
  bool reads_other_files = false;
  PoolList own_pools;                        ///< null: none
  std::vector<std::uint32_t> pools;          ///< by zones::PoolBinding::pool
  std::shared_ptr<const AccessList> access;  ///< who may ask for its names; null: everybody
  std::size_t text_hash = 0;
  std::uint32_t default_serial = 0;  ///< what its SOA has when the file gives none
  std::string definitions;           ///< its own sites, checks and pools, canonical; empty: none
  std::size_t text_warnings = 0;     ///< how many of the warnings its text alone brings about: the first

  /// True when only the names of the configuration's pools connect it with the configuration file.
  bool is_self_contained() const { return definitions.empty(); }
};

class ZoneReader {
 public:
  /// Asked once the zone's name could be read: false when the name is taken, after reporting it.
  using Claim = std::function<bool(const zones::Name& apex, Diagnostics&)>;

  explicit ZoneReader(const GlobalScope& global) : global_(global), names_(global.scope.pool_names()) {}

  /// nullptr when the file has an error; then everything that is wrong with it is reported. What is only
  /// doubtful stands in ZoneSource::warnings. `earlier`, of the same GlobalScope, or null: if its own pools
  /// are the same, they stay the same objects.
  std::shared_ptr<const ZoneSource> read(const std::string& file, std::string text,
                                         std::uint32_t default_serial, const ZoneSource* earlier,
                                         const Claim& claim, Diagnostics& diagnostics);
  /// The same zone where other pools are configured; nullptr when that takes reading it again.
  std::shared_ptr<const ZoneSource> rebind(const std::string& file, const ZoneSource& source) const;

 private:
  std::shared_ptr<ZoneSource> compile(const std::string& file, std::string text, std::uint32_t default_serial,
                                      const Claim& claim, Diagnostics& diagnostics);
  PoolList take_own_pools();

  const GlobalScope& global_;
  std::vector<std::string_view> names_;  // of the configuration's pools
  std::vector<Pool> pools_;  // the configuration's, then those of the file being read; empty before the first
};

}  // namespace gslbd::server
