// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_file.h"

#include "zones/diagnostics_budget.h"
#include "zones/zone_file_header.h"
#include "zones/zone_file_records.h"

namespace gslbd::zones {
namespace {

// Twice the same text: the header's pass has reported what is wrong with the JSON itself.
bool read_records(std::string_view text, const std::string& file, RecordsReader& records) {
  Diagnostics seen_before;
  return parse_json(text, file, seen_before, "records",
                    [&](const std::string& key, const Json& value) { records.read_owner(key, value); })
      .has_value();
}

}  // namespace

std::optional<ZoneFile> read_zone_text(std::string_view text, const std::string& file,
                                       const ZoneFileOptions& options, Diagnostics& diagnostics) {
  DiagnosticsBudget budget(file, diagnostics);
  const auto document = parse_json(text, file, budget.scratch(), "records");
  if (!document) {
    budget.finish();
    return std::nullopt;
  }
  ZoneHeader header = read_zone_header(JsonView(*document, file, budget.scratch()));
  budget.drain();
  // Without the zone's name the root stands in, so that the records' own mistakes are reported all the same.
  ZoneData data(header.apex.value_or(Name()));
  RecordsReader records(header, options, file, data, budget);
  read_records(text, file, records);
  if (header.apex && document->is_object() && document->contains("records") &&
      (*document)["records"].is_object()) {
    records.finish();
  }
  budget.finish();
  if (!header.apex) return std::nullopt;
  return ZoneFile{std::move(data),         std::move(header.sites), std::move(header.checks),
                  std::move(header.pools), std::move(header.allow), std::move(header.deny)};
}

}  // namespace gslbd::zones
