// SPDX-License-Identifier: Apache-2.0
#include "server/config/loader.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <set>

#include "server/config/admin_token.h"
#include "server/config/answer_check.h"
#include "server/config/pool_lint.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"
#include "zones/zone_lint.h"

namespace gslbd::server {
namespace {

// A zone file without a serial gets its modification time, which grows with every edit; one that changed
// within the same second, or was put back to an older time, gets the next number instead.
SerialRecord next_serial(const std::string& file, std::string_view text, const Serials& previous) {
  struct stat status {};
  const bool known = stat(file.c_str(), &status) == 0;
  SerialRecord record{known ? static_cast<std::uint32_t>(status.st_mtim.tv_sec) : 1,
                      std::hash<std::string_view>{}(text)};
  const auto before = previous.find(file);
  if (before == previous.end()) return record;
  if (before->second.content_hash == record.content_hash) return before->second;
  record.serial = std::max(record.serial, before->second.serial + 1);
  return record;
}

class Loader {
 public:
  Loader(Loaded& loaded, const Serials& previous, Diagnostics& diagnostics)
      : loaded_(loaded), previous_(previous), diagnostics_(diagnostics) {}

  void load() {
    const Config& config = loaded_.config;
    read_scope({&config.sites, &config.checks, &config.pools, &config.file}, global_, loaded_.pools,
               diagnostics_);
    loaded_.cookie_secrets = load_cookie_secrets(config, diagnostics_);
    for (const std::string& file : find_zone_files(config, diagnostics_)) load_zone(file);
    check_reports();
    loaded_.canaries = canary_targets(config.isolation, global_, config.file, diagnostics_);
    loaded_.admin_token = load_admin_token(config, diagnostics_);
    check_maintenance(config.maintenance, loaded_.catalogue(), config.file, SystemClock().wall_now(),
                      diagnostics_);
  }

 private:
  void load_zone(const std::string& file) {
    const auto text = read_file(file);
    if (!text) return diagnostics_.error(file, "", text.error().message);
    const SerialRecord serial = next_serial(file, *text, previous_);
    zones::ZoneFileOptions options;
    options.pool_known = [&](std::string_view name) { return global_.pool(std::string(name)).has_value(); };
    options.pool_names = global_.pool_names();
    options.default_serial = serial.serial;
    const std::size_t errors_before = diagnostics_.error_count();
    const auto read = zones::read_zone_text(*text, file, options, diagnostics_);
    if (!read) return;

    const std::string apex = read->data.apex().to_string();
    const auto [at, added] = apexes_.try_emplace(apex, file);
    if (!added) return diagnostics_.error(file, "/zone", "the zone " + apex + " is already in " + at->second);

    std::string prefix = apex;
    if (prefix.size() > 1) prefix.pop_back();
    Scope scope(prefix + "/", &global_);
    read_scope({&read->sites, &read->checks, &read->pools, &file}, scope, loaded_.pools, diagnostics_);
    const AccessRules access{read->allow, read->deny};
    check_access(access, file, "", diagnostics_);
    // Warnings about data that is only partly there would mislead.
    if (diagnostics_.error_count() != errors_before) return;

    auto zone = zones::build_zone(read->data);
    if (!zone) return diagnostics_.error(file, "", zone.error().message);
    LoadedZone loaded{file, std::move(*zone), {}};
    if (!access.empty()) loaded.access = std::make_shared<const AccessList>(access.list());
    for (const std::string& pool : loaded.zone->pools()) loaded.pools.push_back(*scope.pool(pool));
    zones::lint(*loaded.zone, file, diagnostics_);
    lint_pools_of_zone(loaded, loaded_.pools, diagnostics_);
    loaded_.zones.push_back(std::move(loaded));
    loaded_.serials[file] = serial;
  }

  // By the zone that the reports would be looked up in: the longest apex above the agent's name.
  void check_reports() {
    const auto& agent = loaded_.config.answers.report_agent;
    const zones::Zone* nearest = nullptr;
    for (const LoadedZone& z : loaded_.zones) {
      if (!agent || !agent->is_within(z.zone->apex())) continue;
      if (nearest == nullptr || z.zone->apex().length() > nearest->apex().length()) nearest = z.zone.get();
    }
    if (nearest != nullptr) check_report_agent(loaded_.config, *nearest, diagnostics_);
  }

  Loaded& loaded_;
  const Serials& previous_;
  Diagnostics& diagnostics_;
  Scope global_;
  std::map<std::string, std::string> apexes_;  // apex -> file
};

}  // namespace

namespace {

// The configuration's own directory is a name, not a pattern.
std::string escape_glob(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string resolve_pattern(const Config& config, const std::string& pattern) {
  if (pattern.starts_with('/')) return pattern;
  const std::string directory = config.resolve("");
  return escape_glob(directory) + pattern;
}

}  // namespace

std::vector<std::string> find_zone_files(const Config& config, Diagnostics& diagnostics) {
  std::set<std::string> files;
  for (const std::string& pattern : config.zones) {
    glob_t found{};
    const int status = glob(resolve_pattern(config, pattern).c_str(), 0, nullptr, &found);
    if (status != 0) {
      diagnostics.error(config.file, "/zones", "no file matches \"" + pattern + "\"");
    } else {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) files.insert(found.gl_pathv[i]);
    }
    globfree(&found);
  }
  return {files.begin(), files.end()};
}

Catalogue Loaded::catalogue() const {
  std::vector<std::string> sites;
  for (const auto& [name, unused] : config.sites.items()) sites.push_back(name);
  return Catalogue(pools, sites);
}

std::optional<Loaded> load(const std::string& file, const Serials& previous, Diagnostics& diagnostics) {
  const auto text = read_file(file);
  if (!text) {
    diagnostics.error(file, "", text.error().message);
    return std::nullopt;
  }
  auto config = read_config(*text, file, diagnostics);
  if (!config) return std::nullopt;
  Loaded loaded{std::move(*config), {}, {}, {}, {}, {}};
  Loader(loaded, previous, diagnostics).load();
  if (diagnostics.has_errors()) return std::nullopt;
  return loaded;
}

}  // namespace gslbd::server
