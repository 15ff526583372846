// SPDX-License-Identifier: Apache-2.0
#include "server/config/zone_source.h"

#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "server/config/findings.h"
#include "server/config/pool_lint.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"
#include "zones/zone_lint.h"

namespace gslbd::server {
namespace {

// "example.com/": what the names of its own pools and checks begin with elsewhere.
std::string scope_prefix(const zones::Name& apex) {
  std::string prefix = apex.to_string();
  if (prefix.size() > 1) prefix.pop_back();
  return prefix + "/";
}

// One text for one meaning: objects are sorted by key.
std::string canonical(const zones::ZoneFile& file) {
  if (file.sites.empty() && file.checks.empty() && file.pools.empty()) return {};
  return Json::array({file.sites, file.checks, file.pools}).dump();
}

bool mentions_files(const std::string& definitions) {
  const auto mentions = [&](const char* key) { return definitions.find(key) != std::string::npos; };
  return mentions("\"ca_file\"") || mentions("\"token_file\"") || mentions("\"exec\"");
}

// The binding of each name to the pool it means is by name.
std::optional<std::vector<std::uint32_t>> find_pools(const zones::Zone& zone, const Scope& scope) {
  std::vector<std::uint32_t> found;
  found.reserve(zone.pools().size());
  for (const std::string& name : zone.pools()) {
    const auto pool = scope.pool(name);
    if (!pool) return std::nullopt;
    found.push_back(*pool);
  }
  return found;
}

}  // namespace

std::shared_ptr<const ZoneSource> ZoneReader::read(const std::string& file, std::string text,
                                                   std::uint32_t default_serial, const ZoneSource* earlier,
                                                   const Claim& claim, Diagnostics& out) {
  if (pools_.empty()) pools_ = global_.pools;
  Diagnostics diagnostics;
  auto source = compile(file, std::move(text), default_serial, claim, diagnostics);
  PoolList own_pools = take_own_pools();
  if (source == nullptr) {
    for (const Diagnostic& d : diagnostics.all()) out.add(d);
    return nullptr;
  }
  source->warnings = diagnostics.all();
  const bool same_pools = earlier != nullptr && earlier->definitions == source->definitions &&
                          earlier->zone->apex() == source->zone->apex();
  source->own_pools = std::move(own_pools);
  if (same_pools) source->own_pools = earlier->own_pools;
  return source;
}

std::shared_ptr<ZoneSource> ZoneReader::compile(const std::string& file, std::string text,
                                                std::uint32_t default_serial, const Claim& claim,
                                                Diagnostics& diagnostics) {
  zones::ZoneFileOptions options;
  options.pool_known = [&](std::string_view name) {
    return global_.scope.pool(std::string(name)).has_value();
  };
  options.pool_names = names_;
  options.default_serial = default_serial;
  const auto read = zones::read_zone_text(text, file, options, diagnostics);
  if (!read || !claim(read->data.apex(), diagnostics)) return nullptr;

  Scope scope(scope_prefix(read->data.apex()), &global_.scope);
  read_scope({&read->sites, &read->checks, &read->pools, &file}, scope, pools_, diagnostics);
  const AccessRules access{read->allow, read->deny};
  check_access(access, file, "", diagnostics);
  // Warnings about data that is only partly there would mislead.
  if (diagnostics.has_errors()) return nullptr;

  const std::size_t hash = text_hash(text);
  text.clear();  // the peak of memory is where the table grows beside the records: without the text, then
  text.shrink_to_fit();
  auto zone = zones::build_zone(read->data);
  if (!zone) {
    diagnostics.error(file, "", zone.error().message);
    return nullptr;
  }
  auto source = std::make_shared<ZoneSource>();
  source->text_hash = hash;
  source->default_serial = default_serial;
  source->zone = std::move(*zone);
  source->definitions = canonical(*read);
  source->reads_other_files = mentions_files(source->definitions);
  if (!access.empty()) source->access = std::make_shared<const AccessList>(access.list());
  source->pools = find_pools(*source->zone, scope).value();
  zones::lint(*source->zone, file, diagnostics);
  source->text_warnings = diagnostics.all().size();
  lint_pools_of_zone(file, *source->zone, source->pools, pools_, diagnostics);
  return source;
}

PoolList ZoneReader::take_own_pools() {
  const auto own = pools_.begin() + static_cast<std::ptrdiff_t>(global_.pools.size());
  PoolList taken;
  if (own != pools_.end()) {
    taken = std::make_shared<const std::vector<Pool>>(std::make_move_iterator(own),
                                                      std::make_move_iterator(pools_.end()));
  }
  pools_.resize(global_.pools.size());
  return taken;
}

std::shared_ptr<const ZoneSource> ZoneReader::rebind(const std::string& file,
                                                     const ZoneSource& source) const {
  if (!source.is_self_contained()) return nullptr;
  auto pools = find_pools(*source.zone, global_.scope);
  if (!pools) return nullptr;  // the message about it names the place in the text
  auto bound = std::make_shared<ZoneSource>(source);
  bound->pools = std::move(*pools);
  Diagnostics about_pools;
  lint_pools_of_zone(file, *bound->zone, bound->pools, global_.pools, about_pools);
  bound->warnings.resize(source.text_warnings, {});
  bound->warnings.insert(bound->warnings.end(), about_pools.all().begin(), about_pools.all().end());
  return bound;
}

}  // namespace gslbd::server
