// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_file.h"

#include "zones/diagnostics_budget.h"
#include "zones/zone_file_header.h"
#include "zones/zone_file_records.h"

namespace gslbd::zones {
namespace {

constexpr std::string_view kStreamed = "records";

ZoneFile combine(ZoneHeader& header, ZoneData& data) {
  return {std::move(data),         std::move(header.sites), std::move(header.checks),
          std::move(header.pools), std::move(header.allow), std::move(header.deny)};
}

// Enough for most files: the records come last, so that all that they depend on is known, and there is
// nothing to report. nullopt otherwise.
std::optional<ZoneFile> read_once(std::string_view text, const std::string& file,
                                  const ZoneFileOptions& options) {
  Diagnostics found;
  DiagnosticsBudget budget(file, found);
  Json before;
  ZoneHeader header;
  std::optional<ZoneData> data;
  std::optional<RecordsReader> records;
  const auto begin = [&](const Json& document) {
    if (data) return;  // a second time, which is an error
    before = document;
    header = read_zone_header(JsonView(before, file, budget.scratch()));
    data.emplace(header.apex.value_or(Name()));
    records.emplace(header, options, file, *data, budget);
  };
  const auto read_owner = [&](const std::string& key, const Json& value) {
    if (found.all().empty()) records->read_owner(key, value);
  };
  const auto document = parse_json(text, file, budget.scratch(), {kStreamed, begin, read_owner});
  if (!document || !records || *document != before) return std::nullopt;
  records->finish();
  budget.finish();
  if (!found.all().empty()) return std::nullopt;
  return combine(header, *data);
}

// First the header, then the records.
std::optional<ZoneFile> read_twice(std::string_view text, const std::string& file,
                                   const ZoneFileOptions& options, Diagnostics& diagnostics) {
  DiagnosticsBudget budget(file, diagnostics);
  const auto document = parse_json(text, file, budget.scratch(), {kStreamed});
  if (!document) {
    budget.finish();
    return std::nullopt;
  }
  ZoneHeader header = read_zone_header(JsonView(*document, file, budget.scratch()));
  budget.drain();
  // Without the zone's name the root stands in, so that the records' own mistakes are reported all the same.
  ZoneData data(header.apex.value_or(Name()));
  RecordsReader records(header, options, file, data, budget);
  Diagnostics seen_before;  // the header's pass has reported what is wrong with the JSON itself
  (void)parse_json(text, file, seen_before, {kStreamed, {}, [&](const std::string& key, const Json& value) {
                                               records.read_owner(key, value);
                                             }});
  if (header.apex && document->is_object() && document->contains(kStreamed) &&
      (*document)[kStreamed].is_object()) {
    records.finish();
  }
  budget.finish();
  if (!header.apex) return std::nullopt;
  return combine(header, data);
}

}  // namespace

std::optional<ZoneFile> read_zone_text(std::string_view text, const std::string& file,
                                       const ZoneFileOptions& options, Diagnostics& diagnostics) {
  if (auto zone = read_once(text, file, options)) return zone;
  return read_twice(text, file, options, diagnostics);
}

}  // namespace gslbd::zones
