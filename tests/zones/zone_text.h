// SPDX-License-Identifier: Apache-2.0
#pragma once
// A compiled zone out of the text of a zone file. A mistake in it ends the test.

#include <memory>
#include <string>

#include "tests/support/catch.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

namespace gslbd::test {

/// Every pool is known.
inline std::shared_ptr<const zones::Zone> zone_from(const std::string& text) {
  Diagnostics diagnostics;
  zones::ZoneFileOptions options;
  options.pool_known = [](std::string_view) { return true; };
  options.default_serial = 1;
  const auto read = zones::read_zone_text(text, "zone.json", options, diagnostics);
  for (const auto& each : diagnostics.all()) UNSCOPED_INFO(each.to_string());
  REQUIRE(read.has_value());
  REQUIRE_FALSE(diagnostics.has_errors());
  auto zone = zones::build_zone(read->data);
  REQUIRE(zone.has_value());
  return std::move(*zone);
}

}  // namespace gslbd::test
