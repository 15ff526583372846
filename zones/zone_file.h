// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads a zone file (docs/reference/zone-file.md) into ZoneData, one owner at a time, so that memory beyond
// ZoneData does not grow with the zone. What holds for the whole zone (name, TTL, SOA) has to be known before
// the records: where it stands behind them, or where there is something to report, the text is read twice.
//
// Every mistake is reported, not just the first, with its JSON pointer, the offending value and what was
// expected; beyond kMaxReported errors of a file only their number. A zone with an error is not returned.
// Warnings that need the whole zone are zones/zone_lint.h's.
//
// Thread: any; the Diagnostics are the caller's.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_fields.h"
#include "zones/zone_data.h"

namespace gslbd::zones {

/// A zone file's content: its records, and the parts that belong to the server (sites, checks and pools that
/// this zone alone sees: empty objects when absent; who may ask).
struct ZoneFile {
  ZoneData data;
  Json sites;
  Json checks;
  Json pools;
  std::vector<Prefix> allow;
  std::vector<Prefix> deny;
};

struct ZoneFileOptions {
  /// Tells the pools of the whole server; a file's own pools are known without it. None when empty.
  std::function<bool(std::string_view pool)> pool_known;
  /// Names of the server's pools, to suggest one for a misspelt name; may be empty.
  std::vector<std::string_view> pool_names;
  /// The SOA's serial when the file gives none.
  std::uint32_t default_serial = 1;
};

/// nullopt when the text is no JSON or names no zone. After any other error the rest still comes back, so
/// that the sites, checks and pools can be read and complained about too; such data must not be served.
std::optional<ZoneFile> read_zone_text(std::string_view text, const std::string& file,
                                       const ZoneFileOptions& options, Diagnostics& diagnostics);
/// The keys of a zone file and of its "soa" object, for the reference page and its test.
std::vector<FieldDoc> zone_field_docs();
std::vector<FieldDoc> soa_field_docs();

}  // namespace gslbd::zones
