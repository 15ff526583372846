// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a zone file says about the zone as a whole: name, default TTL, SOA. Part of zones/zone_file.cc.
//
// Thread: any.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json.h"
#include "core/prefix.h"
#include "zones/name.h"

namespace gslbd::zones {

/// The "soa" key: an object of these, or everything at once in `rdata`.
struct SoaSettings {
  Name apex;                  ///< names in it are relative to the zone
  std::optional<Name> mname;  ///< default: the first of the zone's name servers
  std::optional<Name> rname;  ///< default: "hostmaster"
  std::uint32_t refresh_s = 3600;
  std::uint32_t retry_s = 600;
  std::uint32_t expire_s = 1209600;
  std::uint32_t minimum_s = 5;  ///< the TTL of negative answers (RFC 2308 §4)
  std::optional<std::uint32_t> serial;
  std::optional<std::uint32_t> ttl_s;              ///< default: the zone's
  std::optional<std::vector<std::uint8_t>> rdata;  ///< written as one string
};

struct ZoneHeader {
  std::optional<Name> apex;  ///< empty after an error
  std::uint32_t ttl_s = 300;
  SoaSettings soa;
  std::vector<Prefix> allow;  ///< who may ask for the zone's names; empty: everybody
  std::vector<Prefix> deny;
  Json sites = Json::object();
  Json checks = Json::object();
  Json pools = Json::object();
};

/// Reads everything but the records.
ZoneHeader read_zone_header(const JsonView& document);

/// A duration of whole seconds from 0 to 2^31-1 (RFC 2181 §8).
std::optional<std::uint32_t> read_ttl(const JsonView& v);

/// The SOA's RDATA; `first_ns` is the target of the apex's first NS.
std::vector<std::uint8_t> soa_rdata(const SoaSettings& soa, const Name& first_ns,
                                    std::uint32_t default_serial);

}  // namespace gslbd::zones
