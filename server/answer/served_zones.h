// SPDX-License-Identifier: Apache-2.0
#pragma once
// ServedZones: the zones of one Serving, the directory that finds them, and which hosts that they name are
// each other's. It knows no pools and no verdicts, so it is made off the main loop.
//
// A reload costs what has changed, and one pass over the list: where the apexes are those that were served
// before, so is the directory; and what was found out about a zone's hosts is taken over as long as neither
// that zone has changed nor one of those the hosts lie in.
//
// Thread: immutable once made; any.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/answer/access_list.h"
#include "zones/zone.h"
#include "zones/zone_directory.h"

namespace gslbd::server {

/// A host that a zone's records name and another zone of ours has.
struct ExternalHost {
  std::uint32_t zone = zones::ZoneDirectory::kNone;  ///< kNone: nobody's
  zones::NodeOffset node = 0;
  std::uint8_t apex_at = 0;  ///< where in the host's name that zone's apex begins
};

/// What became of all the hosts that one zone names.
struct ExternalHosts {
  std::vector<ExternalHost> hosts;   ///< by zones::Zone::external_target()
  std::vector<std::uint32_t> asked;  ///< the zones that decided it, each once, sorted
};

struct ServedZone {
  std::shared_ptr<const zones::Zone> zone;
  std::vector<std::uint32_t> pools;  ///< by zones::PoolBinding::pool: index into Serving::pools
  std::shared_ptr<const AccessList> access = nullptr;  ///< who may ask for its names; null: everybody
  // Filled by ServedZones:
  std::span<const ExternalHost> external = {};                    ///< by zones::Zone::external_target()
  std::shared_ptr<const ExternalHosts> external_hosts = nullptr;  ///< what `external` is part of
  bool reports = false;          ///< errors with it are for the policy's report agent (RFC 9567)
  bool has_zones_below = false;  ///< a name within it may belong to another zone of ours
  std::uint64_t apex_hash = 0;   ///< QueryName's of the apex
  bool is_plain = false;         ///< anybody may ask for its names, and no zone of ours lies below it

  bool admits(const Address& asker) const { return access == nullptr || access->admits(asker); }
};

class ServedZones {
 public:
  /// `report_agent` in wire form; empty: none. `earlier` may be null.
  ServedZones(std::vector<ServedZone> zones, std::span<const std::uint8_t> report_agent,
              const ServedZones* earlier = nullptr);

  const zones::ZoneDirectory& directory() const { return directory_; }
  const std::vector<ServedZone>& all() const { return zones_; }

 private:
  std::vector<bool> changed_since(const ServedZones* earlier) const;
  void find_apexes(const ServedZones* earlier, const std::vector<bool>& changed);
  void find_external_hosts(const ServedZones* earlier, const std::vector<bool>& changed);
  ExternalHosts hosts_of(const zones::Zone& zone) const;
  void find_reporting_zones(std::span<const std::uint8_t> report_agent);

  std::vector<ServedZone> zones_;
  zones::ZoneDirectory directory_;
};

}  // namespace gslbd::server
