// SPDX-License-Identifier: Apache-2.0
#include "server/answer/additional.h"

namespace gslbd::server {

void Additional::add(const PlacedRrset& from) noexcept {
  for (const zones::AdditionalEntry entry : from.rrset.additional()) add_host(from, entry);
}

bool Additional::add_glue(const PlacedRrset& ns) noexcept {
  const auto list = ns.rrset.additional();
  for (const zones::AdditionalEntry entry : list) {
    const bool needed = (entry.flags & zones::kInDomain) != 0;
    if (needed && !add_host(ns, entry)) return false;
  }
  for (const zones::AdditionalEntry entry : list) {
    if ((entry.flags & zones::kInDomain) == 0) add_host(ns, entry);
  }
  return true;
}

Additional::Host Additional::locate(const PlacedRrset& from, zones::AdditionalEntry entry) const noexcept {
  const std::size_t owner = entry.rdata_at == 0 ? from.place.owner : from.at + entry.rdata_at;
  if (owner >= kPointerReach) return {};
  if ((entry.flags & zones::kExternal) == 0) {
    return {&from.zone, from.zone.zone->node(entry.node), {owner, from.place.apex}};
  }
  const ExternalHost& host = from.zone.external[entry.node];
  if (host.zone == zones::ZoneDirectory::kNone) return {};
  const ServedZone& zone = serving_.zone(host.zone);
  if (zone.access != nullptr) return {};  // not everybody may know what is in there
  return {&zone, zone.zone->node(host.node), {owner, owner + host.apex_at}};
}

// False: something did not fit.
bool Additional::add_host(const PlacedRrset& from, zones::AdditionalEntry entry) noexcept {
  const Host host = locate(from, entry);
  if (host.zone == nullptr) return true;
  if ((entry.flags & zones::kWithSameType) != 0 && !add_rrset(host, from.rrset.type())) return false;
  if (!host.node.has(zones::kNodeHasPool)) {
    return add_rrset(host, zones::type::kA) && add_rrset(host, zones::type::kAaaa);
  }
  const zones::PoolBinding binding = host.node.first_rrset().pool();
  const AnswerSet& set = PoolRecords::answers(serving_, *host.zone, binding);
  for (const Family family : {Family::v4, Family::v6}) {
    if (!PoolRecords::has_records(family == Family::v4 ? set.v4 : set.v6)) continue;
    if (!pools_.add(serving_, *host.zone, binding, set, family, MessageWriter::additional, host.place.owner,
                    out_)) {
      return false;
    }
  }
  return true;
}

// True too when there is no such RRset.
bool Additional::add_rrset(const Host& host, zones::RrType type) noexcept {
  const zones::RrsetView rrset = host.node.rrset(type);
  return !rrset || out_.add(MessageWriter::additional, rrset, host.node.relative_name().size(), host.place);
}

}  // namespace gslbd::server
