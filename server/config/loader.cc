// SPDX-License-Identifier: Apache-2.0
#include "server/config/loader.h"

#include <algorithm>
#include <unordered_map>

#include "server/config/admin_token.h"
#include "server/config/answer_check.h"

namespace gslbd::server {
namespace {

// A zone file without a serial gets its modification time, which grows with every edit; one that changed
// within the same second, or was put back to an older time, gets the next number instead.
std::uint32_t next_serial(const FileStamp& stamp, const LoadedZone* before) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stamp.modified.time_since_epoch());
  const auto serial = static_cast<std::uint32_t>(seconds.count());
  return before == nullptr ? serial : std::max(serial, before->source->default_serial + 1);
}

class Loader {
 public:
  Loader(Loaded& loaded, const Findings& findings, const Loaded* previous, Diagnostics& diagnostics)
      : loaded_(loaded), findings_(findings), previous_(previous), diagnostics_(diagnostics) {}

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
    for (const std::string& pattern : findings_.unmatched) {
      diagnostics_.error(loaded_.config.file, "/zones", "no file matches \"" + pattern + "\"");
    }
    ZoneReader reader(*loaded_.global,
                      [this](const zones::Name& apex, const std::string& file, Diagnostics& diagnostics) {
                        return claim(apex, file, diagnostics);
                      });
    loaded_.zones.reserve(findings_.zone_files.size());
    apexes_.reserve(findings_.zone_files.size());
    // Both lists are sorted: one walk finds every file in both.
    auto before = previous_ != nullptr ? previous_->zones.begin() : std::vector<LoadedZone>::const_iterator();
    for (const FoundFile& found : findings_.zone_files) {
      const LoadedZone* was = nullptr;
      if (previous_ != nullptr) {
        while (before != previous_->zones.end() && before->file < found.path) ++before;
        if (before != previous_->zones.end() && before->file == found.path) was = &*before;
      }
      auto source = source_of(found, was, reader);
      if (source == nullptr) continue;
      for (const Diagnostic& warning : source->warnings) diagnostics_.add(warning);
      loaded_.zones.push_back(
          {found.path, source->zone, {}, source->access, source, found.stamp, findings_.at});
    }
  }

  // nullptr after reporting what is wrong.
  std::shared_ptr<const ZoneSource> source_of(const FoundFile& found, const LoadedZone* was,
                                              ZoneReader& reader) {
    std::shared_ptr<const ZoneSource> source;
    if (was != nullptr) source = same_scope_ ? was->source : reader.rebind(found.path, *was->source);
    if (source != nullptr && source->reads_other_files()) source = nullptr;
    const bool unchanged =
        source != nullptr && found.stamp == was->stamp && was->stamp.settled(was->stamped_at);
    if (unchanged) return claim(source->zone->apex(), found.path, diagnostics_) ? source : nullptr;

    const auto text = read_file(found.path);
    ++loaded_.zones_read;
    if (!text) {
      diagnostics_.error(found.path, "", text.error().message);
      return nullptr;
    }
    const bool same_text = was != nullptr && text_hash(*text) == was->source->text_hash;
    if (same_text && source != nullptr) {
      return claim(source->zone->apex(), found.path, diagnostics_) ? source : nullptr;
    }
    const std::uint32_t serial = same_text ? was->source->default_serial : next_serial(found.stamp, was);
    return reader.read(found.path, *text, serial, same_scope_ && was != nullptr ? was->source.get() : nullptr,
                       diagnostics_);
  }

  bool claim(const zones::Name& apex, const std::string& file, Diagnostics& diagnostics) {
    const auto wire = apex.wire();
    const auto [at, added] = apexes_.try_emplace(std::string(wire.begin(), wire.end()), &file);
    if (!added) {
      diagnostics.error(file, "/zone", "the zone " + apex.to_string() + " is already in " + *at->second);
    }
    return added;
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
  std::unordered_map<std::string, const std::string*> apexes_;  // wire form -> file
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
  Loaded loaded{findings.config, nullptr, {}};
  Loader(loaded, findings, previous, diagnostics).load();
  if (diagnostics.has_errors()) return std::nullopt;
  return loaded;
}

std::optional<Loaded> load(const std::string& file, const Loaded* previous, Diagnostics& diagnostics) {
  return load(find(file), previous, diagnostics);
}

}  // namespace gslbd::server
