// SPDX-License-Identifier: Apache-2.0
#include "server/app/zone_export.h"

#include "zones/master_file.h"
#include "zones/rr_reader.h"
#include "zones/zone_data.h"

namespace gslbd::server {
namespace {

void append_pool(const Steering& steering, std::uint32_t pool, std::uint32_t ttl_s, const zones::Name& owner,
                 std::string& out) {
  if (ttl_s == zones::ZoneData::kPoolTtl) ttl_s = steering.pools()[pool].ttl_s;
  for (const Family family : {Family::v4, Family::v6}) {
    const Decision decision = steering.decide(pool, family);
    const zones::RrType type = family == Family::v4 ? zones::type::kA : zones::type::kAaaa;
    for (const auto m : decision.members) {
      out += zones::rr_to_master_line(owner, ttl_s, type,
                                      steering.pools()[decision.pool].members[m].address.bytes());
    }
  }
}

void append_rrset(const LoadedZone& zone, const zones::Name& owner, zones::RrsetView rrset,
                  std::string& out) {
  zones::for_each_record(*zone.zone, rrset, [&](std::uint32_t ttl_s, auto rdata) {
    out += zones::rr_to_master_line(owner, ttl_s, rrset.type(), rdata);
  });
}

void append_node(const LoadedZone& zone, const Steering& steering, zones::NodeView node, std::string& out) {
  const zones::Name owner = zone.zone->owner(node);
  node.for_each_rrset([&](zones::RrsetView rrset) {
    if (rrset.type() == zones::kPoolBinding) {
      append_pool(steering, zone.pools[rrset.pool().pool], rrset.pool().ttl_s, owner, out);
    } else if (rrset.type() != zones::type::kSoa) {
      append_rrset(zone, owner, rrset, out);
    }
    return true;
  });
}

}  // namespace

Result<std::string> zone_as_master_file(const Loaded& loaded, const Steering& steering,
                                        const std::string& name) {
  const auto wanted = zones::Name::parse(name);
  for (const LoadedZone& zone : loaded.zones) {
    if (!wanted || !(zone.zone->apex() == *wanted)) continue;
    std::string out;
    // The SOA comes first: loaders of master files expect it there.
    append_rrset(zone, zone.zone->apex(), zone.zone->apex_node().rrset(zones::type::kSoa), out);
    zone.zone->for_each_node([&](zones::NodeView node) { append_node(zone, steering, node, out); });
    return out;
  }
  return fail("there is no zone \"" + name + "\"");
}

}  // namespace gslbd::server
