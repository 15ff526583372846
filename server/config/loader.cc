// SPDX-License-Identifier: Apache-2.0
#include "server/config/loader.h"

#include <algorithm>

#include "server/config/admin_token.h"
#include "server/config/answer_check.h"
#include "server/config/apex_claims.h"

namespace gslbd::server {
namespace {

// A zone file without a serial gets its modification time, which grows with every edit; one that changed
// within the same second, or was put back to an older time, gets the next number instead.
std::uint32_t next_serial(const FileStamp& stamp, const ZoneSource* before) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stamp.modified.time_since_epoch());
  const auto serial = static_cast<std::uint32_t>(seconds.count());
  return before == nullptr ? serial : std::max(serial, before->default_serial + 1);
}

class Loader {
 public:
  Loader(Loaded& loaded, const Findings& findings, const Loaded* previous, Diagnostics& diagnostics)
      : loaded_(loaded),
        findings_(findings),
        previous_(previous),
        diagnostics_(diagnostics),
        claims_(findings.zone_files.paths->size()) {}

  void load() {
    const Config& config = loaded_.config;
    read_global_scope();
    loaded_.cookie_secrets = load_cookie_secrets(config, diagnostics_);
    load_zones();
    gather_pools();
    check_reports();
    loaded_.canaries = canary_targets(config.isolation, loaded_.global->scope, config.file, diagnostics_);
    loaded_.admin_token = load_admin_token(config, diagnostics_);
    make_catalogue();
    check_maintenance(config.maintenance, *loaded_.catalogue, config.file, SystemClock().wall_now(),
                      diagnostics_);
  }

 private:
  // Read each time, for what there is to say about it; but as long as it says the same, the checks and pools
  // that others hold on to stay the same objects.
  void read_global_scope() {
    const Config& config = loaded_.config;
    auto global = std::make_shared<GlobalScope>();
    read_scope({&config.sites, &config.checks, &config.pools, &config.file}, global->scope, global->pools,
               diagnostics_);
    same_scope_ = previous_ != nullptr && previous_->config.sites == config.sites &&
                  previous_->config.checks == config.checks && previous_->config.pools == config.pools;
    loaded_.global = same_scope_ ? previous_->global : std::move(global);
  }

  void load_zones() {
    for (const std::string& pattern : findings_.zone_files.unmatched) {
      diagnostics_.error(loaded_.config.file, "/zones", "no file matches \"" + pattern + "\"");
    }
    const ZoneFiles& files = loaded_.files;
    loaded_.zones.reserve(files.paths->size());
    ZoneReader reader(*loaded_.global);
    std::optional<PathWalk> before;
    if (previous_ != nullptr) before.emplace(files.paths, previous_->files.paths);
    for (std::size_t i = 0; i < files.paths->size(); ++i) {
      const auto was = before ? before->find(i) : std::nullopt;
      auto source = source_of((*files.paths)[i], files.found[i], was, reader);
      if (source == nullptr) continue;
      for (const Diagnostic& warning : source->warnings) diagnostics_.add(warning);
      // The source counts the references to its zone: it has been fetched from memory just now.
      std::shared_ptr<const zones::Zone> zone(source, source->zone.get());
      loaded_.zones.push_back({std::move(source), std::move(zone), {}});
    }
  }

  // `was`: its place in the load before. nullptr after reporting what is wrong.
  std::shared_ptr<const ZoneSource> source_of(const std::string& path, const FoundFile& found,
                                              std::optional<std::size_t> was, ZoneReader& reader) {
    const ZoneSource* earlier = was ? previous_->zones[*was].source.get() : nullptr;
    const auto claim = [&](const zones::Name& apex, Diagnostics& diagnostics) {
      const bool kept = earlier != nullptr && earlier->zone->apex() == apex;
      return kept ? claims_.keep(earlier->zone->apex(), path, diagnostics)
                  : claims_.take(apex, path, diagnostics);
    };
    std::shared_ptr<const ZoneSource> source;
    if (was && !earlier->reads_other_files) {
      source = same_scope_ ? previous_->zones[*was].source : reader.rebind(path, *earlier);
    }
    if (source != nullptr && previous_->files.found[*was].surely_same(found)) {
      return claims_.keep(earlier->zone->apex(), path, diagnostics_) ? source : nullptr;
    }

    auto text = read_file(path);
    ++loaded_.zones_read;
    if (!text) {
      diagnostics_.error(path, "", text.error().message);
      return nullptr;
    }
    const bool same_text = was && text_hash(*text) == earlier->text_hash;
    if (same_text && source != nullptr) {
      return claims_.keep(earlier->zone->apex(), path, diagnostics_) ? source : nullptr;
    }
    const std::uint32_t serial = same_text ? earlier->default_serial : next_serial(found.stamp, earlier);
    return reader.read(path, std::move(*text), serial, same_scope_ ? earlier : nullptr, claim, diagnostics_);
  }

  // A file's own pools follow those of the files before it.
  void gather_pools() {
    const auto globals = static_cast<std::uint32_t>(loaded_.global->pools.size());
    std::uint32_t next = globals;
    for (LoadedZone& zone : loaded_.zones) {
      zone.pools = zone.source->pools;
      for (std::uint32_t& pool : zone.pools) pool += pool < globals ? 0 : next - globals;
      if (zone.source->own_pools) next += static_cast<std::uint32_t>(zone.source->own_pools->size());
    }
    if (has_pools_of_previous()) {
      loaded_.pools = previous_->pools;
      return;
    }
    auto pools = std::make_shared<std::vector<Pool>>(loaded_.global->pools);
    pools->reserve(next);
    for (const LoadedZone& zone : loaded_.zones) {
      if (!zone.source->own_pools) continue;
      const auto base = static_cast<std::uint32_t>(pools->size());
      for (const Pool& pool : *zone.source->own_pools) {
        pools->push_back(pool);
        const bool own_spare = pool.when_all_down == WhenAllDown::pool && pool.spare >= globals;
        if (own_spare) pools->back().spare += base - globals;
      }
    }
    loaded_.pools = std::move(pools);
  }

  // Pools that nobody has changed keep their list, and with it everything that is made of it.
  bool has_pools_of_previous() const {
    if (!same_scope_) return false;
    const auto next_with_pools = [](auto& at, const std::vector<LoadedZone>& zones) {
      while (at != zones.end() && !at->source->own_pools) ++at;
      return at != zones.end() ? at++->source->own_pools.get() : nullptr;
    };
    auto now = loaded_.zones.begin();
    auto before = previous_->zones.begin();
    while (true) {
      const auto* mine = next_with_pools(now, loaded_.zones);
      if (mine != next_with_pools(before, previous_->zones)) return false;
      if (mine == nullptr) return true;
    }
  }

  void make_catalogue() {
    if (previous_ != nullptr && loaded_.pools == previous_->pools && same_scope_) {
      loaded_.catalogue = previous_->catalogue;
      return;
    }
    std::vector<std::string> sites;
    for (const auto& [name, unused] : loaded_.config.sites.items()) sites.push_back(name);
    loaded_.catalogue = std::make_shared<const Catalogue>(*loaded_.pools, sites);
  }

  // By the zone that the reports would be looked up in: the longest apex above the agent's name.
  void check_reports() {
    const auto& agent = loaded_.config.answers.report_agent;
    if (!agent) return;
    const zones::Zone* nearest = nullptr;
    for (const LoadedZone& z : loaded_.zones) {
      if (!agent->is_within(z.zone->apex())) continue;
      if (nearest == nullptr || z.zone->apex().length() > nearest->apex().length()) nearest = z.zone.get();
    }
    if (nearest != nullptr) check_report_agent(loaded_.config, *nearest, diagnostics_);
  }

  Loaded& loaded_;
  const Findings& findings_;
  const Loaded* previous_;  // null: none
  Diagnostics& diagnostics_;
  bool same_scope_ = false;  // the configuration file defines what it did for previous_
  ApexClaims claims_;
};

}  // namespace

bool Loaded::same_plan(const Loaded& earlier) const {
  const auto same_target = [](const health::TargetSpec& a, const health::TargetSpec& b) {
    return a.check == b.check && a.address == b.address && a.site == b.site;
  };
  return pools == earlier.pools && std::ranges::equal(canaries, earlier.canaries, same_target);
}

std::optional<Loaded> load(const Findings& findings, const Loaded* previous, Diagnostics& diagnostics) {
  for (const Diagnostic& d : findings.diagnostics.all()) diagnostics.add(d);
  if (!findings.readable) return std::nullopt;
  Loaded loaded{.config = findings.config, .pools = nullptr, .files = findings.zone_files, .zones = {}};
  Loader(loaded, findings, previous, diagnostics).load();
  if (diagnostics.has_errors()) return std::nullopt;
  return loaded;
}

std::optional<Loaded> load(const std::string& file, const Loaded* previous, Diagnostics& diagnostics) {
  return load(find(file), previous, diagnostics);
}

}  // namespace gslbd::server
