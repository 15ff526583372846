// SPDX-License-Identifier: Apache-2.0
// Any text as a zone file: it loads, or it is refused with at least one error; what loads can be compiled.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "zones/zone_builder.h"
#include "zones/zone_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gslbd::Diagnostics diagnostics;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = gslbd::zones::read_zone_text(text, "fuzz.json", {}, diagnostics);
  if (!file && diagnostics.error_count() == 0) std::abort();
  if (file && diagnostics.error_count() == 0) (void)gslbd::zones::build_zone(file->data);
  return 0;
}
