// SPDX-License-Identifier: Apache-2.0
#include "server/cli/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "server/app/zone_export.h"
#include "server/cli/http_client.h"
#include "server/cli/probe_loss.h"
#include "server/config/loader.h"
#include "zones/master_file.h"

namespace gslbd::server {
namespace {

void print(const Diagnostics& diagnostics, std::FILE* to) {
  for (const auto& d : diagnostics.all()) fmt::print(to, "{}\n", d.to_string());
}

int failed(const std::string& message) {
  fmt::print(stderr, "gslbd: {}\n", message);
  return 1;
}

// Without a health engine nobody knows better: every target is unknown, and unknown counts as up.
Result<std::string> export_offline(const std::string& config_file, const std::string& zone) {
  Diagnostics diagnostics;
  auto loaded = load(config_file, nullptr, diagnostics);
  print(diagnostics, stderr);
  if (!loaded) return fail("the configuration has errors");
  Steering steering(loaded->pools);
  const std::vector<health::Believed> nothing_known(steering.targets().size(), {0, health::Verdict::unknown});
  steering.bind(nothing_known);
  const auto snapshot = snapshot_zone(*loaded, steering, zone);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return to_master_file(*snapshot);
}

}  // namespace

int check_command(const std::string& config_file, const std::string& probe_loss) {
  double loss = 0;
  if (!probe_loss.empty()) {
    const auto parsed = parse_loss(probe_loss);
    if (!parsed) return failed("--probe-loss: " + parsed.error().message);
    loss = *parsed;
  }
  Diagnostics diagnostics;
  const auto loaded = load(config_file, nullptr, diagnostics);
  print(diagnostics, stdout);
  if (!loaded) {
    fmt::print("{}: {} errors, {} warnings\n", config_file, diagnostics.error_count(),
               diagnostics.warning_count());
    return 1;
  }
  std::size_t names = 0;
  for (const auto& zone : loaded->zones) names += zone.zone->name_count();
  fmt::print("{}: good: {} zones with {} names, {} pools, {} warnings\n", config_file, loaded->zones.size(),
             names, loaded->pools->size(), diagnostics.warning_count());
  if (!probe_loss.empty()) fmt::print("{}", false_down_report(*loaded->pools, loss));
  return 0;
}

int zone_import_command(const std::string& master_file, const std::string& origin) {
  const auto text = read_file(master_file);
  if (!text) return failed(master_file + ": " + text.error().message);
  std::optional<zones::Name> name;
  if (!origin.empty()) {
    const auto parsed = zones::Name::parse(origin);
    if (!parsed) return failed("--origin: " + parsed.error().message);
    name = *parsed;
  }
  const auto json = zones::master_to_json(*text, name ? &*name : nullptr);
  if (!json) return failed(master_file + ": " + json.error().message);
  fmt::print("{}", *json);
  return 0;
}

int zone_export_command(const std::string& config_file, const std::string& zone,
                        const std::string& server_url) {
  const auto text = server_url.empty() ? export_offline(config_file, zone)
                                       : http_get(server_url + "/api/v1/zones/" + zone + "/export");
  if (!text) return failed(text.error().message);
  fmt::print("{}", *text);
  return 0;
}

}  // namespace gslbd::server
