// SPDX-License-Identifier: Apache-2.0
#include "server/app/zone_export.h"

#include "zones/master_file.h"
#include "zones/rr_reader.h"
#include "zones/zone_data.h"

namespace gslbd::server {
namespace {

void append_pool(const ZoneSnapshot::PoolAnswer& pool, std::uint32_t ttl_s, const zones::Name& owner,
                 std::string& out) {
  if (ttl_s == zones::ZoneData::kPoolTtl) ttl_s = pool.ttl_s;
  for (const Address& address : pool.addresses) {
    const zones::RrType type = address.is_v4() ? zones::type::kA : zones::type::kAaaa;
    out += zones::rr_to_master_line(owner, ttl_s, type, address.bytes());
  }
}

void append_rrset(const zones::Zone& zone, const zones::Name& owner, zones::RrsetView rrset,
                  std::string& out) {
  zones::for_each_record(zone, rrset, [&](std::uint32_t ttl_s, auto rdata) {
    out += zones::rr_to_master_line(owner, ttl_s, rrset.type(), rdata);
  });
}

void append_node(const ZoneSnapshot& snapshot, zones::NodeView node, std::string& out) {
  const zones::Name owner = snapshot.zone->owner(node);
  node.for_each_rrset([&](zones::RrsetView rrset) {
    if (rrset.type() == zones::kPoolBinding) {
      append_pool(snapshot.pools[rrset.pool().pool], rrset.pool().ttl_s, owner, out);
    } else if (rrset.type() != zones::type::kSoa) {
      append_rrset(*snapshot.zone, owner, rrset, out);
    }
    return true;
  });
}

ZoneSnapshot::PoolAnswer snapshot_pool(const Steering& steering, std::uint32_t pool) {
  ZoneSnapshot::PoolAnswer out{steering.pools()[pool].ttl_s, {}};
  for (const Family family : {Family::v4, Family::v6}) {
    const Decision decision = steering.decide(pool, family);
    const auto& members = steering.pools()[decision.pool].members;
    for (const auto m : decision.members) out.addresses.push_back(members[m].address);
  }
  return out;
}

}  // namespace

Result<ZoneSnapshot> snapshot_zone(const Loaded& loaded, const Steering& steering, const std::string& name) {
  const auto wanted = zones::Name::parse(name);
  for (const LoadedZone& zone : loaded.zones) {
    if (!wanted || !(zone.zone->apex() == *wanted)) continue;
    ZoneSnapshot out{zone.zone, {}};
    for (const std::uint32_t pool : zone.pools) out.pools.push_back(snapshot_pool(steering, pool));
    return out;
  }
  return fail("there is no zone \"" + name + "\"");
}

std::string to_master_file(const ZoneSnapshot& snapshot) {
  const zones::Zone& zone = *snapshot.zone;
  std::string out;
  // The SOA comes first: loaders of master files expect it there.
  append_rrset(zone, zone.apex(), zone.apex_node().rrset(zones::type::kSoa), out);
  zone.for_each_node([&](zones::NodeView node) { append_node(snapshot, node, out); });
  return out;
}

}  // namespace gslbd::server
