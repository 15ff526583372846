// SPDX-License-Identifier: Apache-2.0
#pragma once
// The common record types scanned from text and printed without a library: address records, types that are
// one name, MX, SRV, TXT, SOA, CAA. A zone has a million of these, and they must take well under a
// microsecond each; everything rarer is ldns's (zones/rdata.cc).
//
// Thread: any.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "zones/name.h"
#include "zones/rr_type.h"

namespace gslbd::zones {

using Bytes = std::vector<std::uint8_t>;

/// One field of RDATA text as it stands there: without its quotation marks, escapes untouched.
struct Token {
  std::string_view text;
  bool quoted;
};

/// Splits at white space outside quotation marks; balanced parentheses count as white space (RFC 1035 §5.1).
/// Comments, control characters and an open quotation are errors.
Result<std::vector<Token>> split_tokens(std::string_view text);

/// Whether the type is one of the types above.
bool is_common(RrType type);

/// The RDATA of one of the types above; nullopt when `type` is none of them.
std::optional<Result<Bytes>> scan_common(RrType type, std::string_view text, const Name& origin);

/// `"10" is not MX RDATA: expected "preference exchange"`
Error not_rdata(std::string_view text, std::string_view type, std::string_view why);

/// The text of one of the types above; nullopt when `type` is none of them or the RDATA is malformed:
/// whatever is printed scans back to the same octets.
std::optional<std::string> print_common(RrType type, std::span<const std::uint8_t> rdata);

/// A domain name of the form [length, octets]... at the start of `wire`, or nullopt.
std::optional<Name> leading_name(std::span<const std::uint8_t> wire);

}  // namespace gslbd::zones
