// SPDX-License-Identifier: Apache-2.0
#include "server/answer/serving.h"

#include "zones/lookup.h"

namespace gslbd::server {
namespace {

// Whether a host has what an additional section may want: addresses, or the records an alias of RFC 9460 §4.1
// leads to.
bool is_wanted(zones::NodeView node) {
  using namespace zones::type;
  return node.has(zones::kNodeHasPool) || node.rrset(kA) || node.rrset(kAaaa) || node.rrset(kSvcb) ||
         node.rrset(kHttps);
}

}  // namespace

void Serving::find_apexes() {
  for (ServedZone& zone : zones_) {
    const zones::QueryName apex(zone.zone->apex());
    zone.apex_hash = apex.suffix_hash(0);
    const std::uint32_t above =
        apex.label_count() == 0 ? zones::ZoneDirectory::kNone : directory_.find(apex, 1);
    if (above != zones::ZoneDirectory::kNone) zones_[above].has_zones_below = true;
  }
}

// Only what the other zone answers for itself counts: neither glue nor what lies behind an alias.
void Serving::find_external_hosts() {
  zones::QueryName name;
  for (ServedZone& served : zones_) {
    const std::size_t count = served.zone->external_target_count();
    served.external.assign(count, ExternalHost());
    for (std::size_t i = 0; i < count; ++i) {
      name.assign(served.zone->external_target(i).wire());
      const std::uint32_t index = directory_.find(name);
      if (index == zones::ZoneDirectory::kNone) continue;
      const zones::Zone& zone = *zones_[index].zone;
      const auto found = zones::lookup(zone, name);
      if (found.found != zones::Found::node || !is_wanted(found.node)) continue;
      served.external[i] = {index, zone.offset_of(found.node),
                            static_cast<std::uint8_t>(name.length() - zone.apex_length())};
    }
  }
}

// RFC 9567 §8.1: not those that hold the agent: what is wrong with them could not be reported there.
void Serving::find_reporting_zones() {
  const auto agent = zones::Name::from_wire(policy_->report_agent);
  if (!agent || agent->is_root()) return;
  for (ServedZone& served : zones_) served.reports = !agent->is_within(served.zone->apex());
}

}  // namespace gslbd::server
