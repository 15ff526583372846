// SPDX-License-Identifier: Apache-2.0
#include "server/control/catalogue.h"

#include <fmt/format.h>

#include <vector>

#include "core/json.h"

namespace gslbd::server {
namespace {

template <class Map>
std::optional<Catalogue::Missing> missing_name(const Map& known, const std::string& name,
                                               std::string_view what) {
  if (known.contains(name)) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& [each, unused] : known) names.push_back(each);
  const std::string_view hint = nearest(name, names);
  return Catalogue::Missing{std::string(what),
                            fmt::format("there is no {} {}{}", what, quote(name),
                                        hint.empty() ? "" : fmt::format("; did you mean \"{}\"?", hint))};
}

std::optional<Catalogue::Missing> missing_address(const std::set<Address>& known, const ForcedScope& scope,
                                                  std::string_view key, std::string_view owner) {
  if (known.contains(scope.address)) return std::nullopt;
  std::vector<std::string> texts;
  for (const Address& each : known) texts.push_back(each.to_string());
  const std::string asked = scope.address.to_string();
  const std::string_view hint = nearest(asked, {texts.begin(), texts.end()});
  return Catalogue::Missing{std::string(key),
                            fmt::format("the {} {} has no {} {}{}", owner, scope.name, key, asked,
                                        hint.empty() ? "" : fmt::format("; did you mean {}?", hint))};
}

}  // namespace

Catalogue::Catalogue(std::span<const Pool> pools, std::span<const std::string> sites) {
  for (const std::string& site : sites) sites_.try_emplace(site, 0);
  for (const Pool& pool : pools) {
    std::set<Address>& members = members_[pool.name];
    for (const Member& member : pool.members) {
      members.insert(member.address);
      if (!member.site.empty()) ++sites_[member.site];
      for (const auto& check : pool.checks) targets_[check->name].insert(member.address);
    }
  }
}

std::size_t Catalogue::reach(const ForcedScope& scope) const {
  if (missing(scope)) return 0;
  switch (scope.kind) {
    case ForcedScope::Kind::site:
      return sites_.at(scope.name);
    case ForcedScope::Kind::pool:
      return members_.at(scope.name).size();
    default:
      return 1;
  }
}

std::optional<Catalogue::Missing> Catalogue::missing(const ForcedScope& scope) const {
  switch (scope.kind) {
    case ForcedScope::Kind::site:
      return missing_name(sites_, scope.name, "site");
    case ForcedScope::Kind::pool:
      return missing_name(members_, scope.name, "pool");
    case ForcedScope::Kind::member:
      if (auto pool = missing_name(members_, scope.name, "pool")) return pool;
      return missing_address(members_.at(scope.name), scope, "member", "pool");
    case ForcedScope::Kind::target:
      break;
  }
  if (auto check = missing_name(targets_, scope.name, "check")) return check;
  return missing_address(targets_.at(scope.name), scope, "target", "check");
}

}  // namespace gslbd::server
