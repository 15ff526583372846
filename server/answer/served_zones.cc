// SPDX-License-Identifier: Apache-2.0
#include "server/answer/served_zones.h"

#include <algorithm>

#include "zones/lookup.h"

namespace gslbd::server {
namespace {

std::vector<const zones::Zone*> tables(const std::vector<ServedZone>& zones) {
  std::vector<const zones::Zone*> out;
  out.reserve(zones.size());
  for (const ServedZone& z : zones) out.push_back(z.zone.get());
  return out;
}

// Whether a host has what an additional section may want: addresses, or the records an alias of RFC 9460 §4.1
// leads to.
bool is_wanted(zones::NodeView node) {
  using namespace zones::type;
  return node.has(zones::kNodeHasPool) || node.rrset(kA) || node.rrset(kAaaa) || node.rrset(kSvcb) ||
         node.rrset(kHttps);
}

}  // namespace

ServedZones::ServedZones(std::vector<ServedZone> zones, std::span<const std::uint8_t> report_agent,
                         const ServedZones* earlier)
    : zones_(std::move(zones)) {
  const std::vector<bool> changed = changed_since(earlier);
  if (changed.empty()) earlier = nullptr;
  find_apexes(earlier, changed);
  for (ServedZone& zone : zones_) zone.is_plain = zone.access == nullptr && !zone.has_zones_below;
  find_external_hosts(earlier, changed);
  find_reporting_zones(report_agent);
}

// By index; empty when the indexes do not mean the same apexes.
std::vector<bool> ServedZones::changed_since(const ServedZones* earlier) const {
  if (earlier == nullptr || earlier->zones_.size() != zones_.size()) return {};
  std::vector<bool> changed(zones_.size(), false);
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    const auto& before = earlier->zones_[i].zone;
    if (zones_[i].zone == before) continue;
    if (zones_[i].zone->apex() != before->apex()) return {};
    changed[i] = true;
  }
  return changed;
}

void ServedZones::find_apexes(const ServedZones* earlier, const std::vector<bool>& changed) {
  if (earlier != nullptr) {
    directory_ = earlier->directory_;
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      if (changed[i]) directory_.replace(*zones_[i].zone);
      zones_[i].apex_hash = earlier->zones_[i].apex_hash;
      zones_[i].has_zones_below = earlier->zones_[i].has_zones_below;
    }
    return;
  }
  directory_ = zones::ZoneDirectory(tables(zones_));
  for (ServedZone& zone : zones_) {
    const zones::QueryName apex(zone.zone->apex());
    zone.apex_hash = apex.suffix_hash(0);
    const std::uint32_t above =
        apex.label_count() == 0 ? zones::ZoneDirectory::kNone : directory_.find(apex, 1);
    if (above != zones::ZoneDirectory::kNone) zones_[above].has_zones_below = true;
  }
}

void ServedZones::find_external_hosts(const ServedZones* earlier, const std::vector<bool>& changed) {
  const auto has_changed = [&](std::uint32_t index) { return changed[index]; };
  static const auto kNoHosts = std::make_shared<const ExternalHosts>();
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    ServedZone& served = zones_[i];
    const ServedZone* before = earlier != nullptr && !changed[i] ? &earlier->zones_[i] : nullptr;
    if (before != nullptr && std::ranges::none_of(before->external_hosts->asked, has_changed)) {
      served.external_hosts = before->external_hosts;
    } else if (served.zone->external_target_count() == 0) {
      served.external_hosts = kNoHosts;
    } else {
      served.external_hosts = std::make_shared<const ExternalHosts>(hosts_of(*served.zone));
    }
    served.external = served.external_hosts->hosts;
  }
}

// Only what the other zone answers for itself counts: neither glue nor what lies behind an alias.
ExternalHosts ServedZones::hosts_of(const zones::Zone& zone) const {
  ExternalHosts out;
  out.hosts.resize(zone.external_target_count());
  zones::QueryName name;
  for (std::size_t i = 0; i < out.hosts.size(); ++i) {
    name.assign(zone.external_target(i).wire());
    const std::uint32_t index = directory_.find(name);
    if (index == zones::ZoneDirectory::kNone) continue;
    out.asked.push_back(index);
    const zones::Zone& other = *zones_[index].zone;
    const auto found = zones::lookup(other, name);
    if (found.found != zones::Found::node || !is_wanted(found.node)) continue;
    out.hosts[i] = {index, other.offset_of(found.node),
                    static_cast<std::uint8_t>(name.length() - other.apex_length())};
  }
  std::ranges::sort(out.asked);
  out.asked.erase(std::unique(out.asked.begin(), out.asked.end()), out.asked.end());
  out.asked.shrink_to_fit();
  return out;
}

// RFC 9567 §8.1: not those that hold the agent: what is wrong with them could not be reported there.
void ServedZones::find_reporting_zones(std::span<const std::uint8_t> report_agent) {
  const auto agent = zones::Name::from_wire(report_agent);
  if (!agent || agent->is_root()) return;
  for (ServedZone& served : zones_) served.reports = !agent->is_within(served.zone->apex());
}

}  // namespace gslbd::server
