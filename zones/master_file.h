// SPDX-License-Identifier: Apache-2.0
#pragma once
// Master files (RFC 1035 §5), the way in from other servers and out to them: a master file becomes a zone
// file of ours, a record becomes a line of a master file. Reading is ldns's parser.
//
// $ORIGIN (with a final dot) and $TTL are understood, $INCLUDE is refused. A record without a TTL takes
// $TTL's, or 3600 s without one. RRs of one RRset with several TTLs get the lowest (RFC 2181 §5.2). One
// record may take 10,000 characters, its owner 254, escapes and all. A name that begins with the label "@" is
// refused, and so is a text without quotes that begins with "@.". Of the root zone the origin has to be said.
//
// Thread: any.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "zones/name.h"
#include "zones/rr_type.h"

namespace gslbd::zones {

/// The zone file, as JSON text. The zone is the owner of the SOA. `origin` completes relative names until the
/// first $ORIGIN; null when the file has to say it itself. Errors start with "line N: ".
Result<std::string> master_to_json(std::string_view text, const Name* origin);

/// "www.example.com.\t300\tIN\tA\t192.0.2.1\n"
std::string rr_to_master_line(const Name& owner, std::uint32_t ttl_s, RrType type,
                              std::span<const std::uint8_t> rdata);

}  // namespace gslbd::zones
