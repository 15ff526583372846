// SPDX-License-Identifier: Apache-2.0
// Any text as gslbd.json, with its sites, checks and pools.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/config/pool_reader.h"

using namespace gslbd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  const std::string file = "fuzz.json";
  const auto config =
      server::read_config(std::string_view(reinterpret_cast<const char*>(data), size), file, diagnostics);
  if (!config && diagnostics.error_count() == 0) std::abort();
  if (!config) return 0;
  server::Scope scope;
  std::vector<server::Pool> pools;
  server::read_scope({&config->sites, &config->checks, &config->pools, &file}, scope, pools, diagnostics);
  return 0;
}
