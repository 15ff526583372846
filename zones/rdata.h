// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bridge between RDATA as people write it (presentation format, what `dig` prints) and RDATA as it
// travels. Every type goes through here: the common ones by our own scanner (zones/rdata_scan.h), all others
// by ldns, and any type at all in the form of RFC 3597 ("\# 4 0a000001"). Wire forms are uncompressed; names
// keep their case.
//
// Invariant: what rdata_from_text returns is well formed for its type, and what rdata_to_text prints reads
// back to the same octets.
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

/// The type of a mnemonic in any case, or of RFC 3597's "TYPE65534". Types that no zone can hold are refused:
/// 0, OPT and the question and meta types 128 to 255 (RFC 6895 §3.1).
std::optional<RrType> type_from_text(std::string_view text);

/// "A", "HTTPS", "TYPE65534".
std::string type_to_text(RrType type);

/// Mnemonics worth suggesting for a misspelt one.
const std::vector<std::string_view>& common_types();

/// One RDATA from its presentation format; names without a final dot are completed with `origin`. Errors
/// quote the text and say what was expected.
Result<std::vector<std::uint8_t>> rdata_from_text(RrType type, std::string_view text, const Name& origin);

/// Whether the octets are one whole RDATA of the type, without compressed names. Types that nobody knows take
/// any octets.
bool is_well_formed(RrType type, std::span<const std::uint8_t> rdata);

/// The presentation format; that of RFC 3597 where the type has none or the RDATA is not well formed.
std::string rdata_to_text(RrType type, std::span<const std::uint8_t> rdata);

}  // namespace gslbd::zones
