// SPDX-License-Identifier: Apache-2.0
#include "server/app/edition.h"

namespace gslbd::server {

NextEdition make_edition(Loaded loaded, const Edition& before) {
  std::vector<ServedZone> zones;
  zones.reserve(loaded.zones.size());
  for (const LoadedZone& zone : loaded.zones) {
    zones.push_back({zone.zone, zone.pools, zone.source->access});
  }
  std::span<const std::uint8_t> report_agent;
  if (loaded.config.answers.report_agent) report_agent = loaded.config.answers.report_agent->wire();

  NextEdition next;
  next.edition.zones =
      std::make_shared<const ServedZones>(std::move(zones), report_agent, before.zones.get());
  const bool same_plan = before.loaded != nullptr && loaded.same_plan(*before.loaded);
  if (!same_plan) next.steering = std::make_unique<Steering>(loaded.pools);
  next.edition.loaded = std::make_shared<const Loaded>(std::move(loaded));
  return next;
}

}  // namespace gslbd::server
