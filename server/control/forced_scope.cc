// SPDX-License-Identifier: Apache-2.0
#include "server/control/forced_scope.h"

#include <fmt/format.h>

namespace gslbd::server {

std::string_view ForcedScope::kind_name() const {
  constexpr std::string_view kNames[] = {"site", "pool", "member", "target"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string ForcedScope::label() const {
  const bool has_address = kind == Kind::member || kind == Kind::target;
  return has_address ? name + " " + address.to_string() : name;
}

std::string ForcedScope::to_string() const {
  switch (kind) {
    case Kind::site:
      return "site " + name;
    case Kind::pool:
      return "pool " + name;
    case Kind::member:
      return fmt::format("member {} of pool {}", address.to_string(), name);
    case Kind::target:
      break;
  }
  return fmt::format("check {} on {}", name, address.to_string());
}

Json ForcedScope::to_json() const {
  switch (kind) {
    case Kind::site:
      return {{"site", name}};
    case Kind::pool:
      return {{"pool", name}};
    case Kind::member:
      return {{"pool", name}, {"member", address.to_string()}};
    case Kind::target:
      break;
  }
  return {{"check", name}, {"target", address.to_string()}};
}

std::optional<ForcedScope> ScopeDraft::resolve(const JsonView& v) const {
  const bool has_site = site && !pool && !member && !check && !target;
  const bool has_pool = pool && !site && !check && !target;
  const bool has_target = check && target && !site && !pool && !member;
  if (has_site) return ForcedScope::site(*site);
  if (has_pool) return member ? ForcedScope::member(*pool, *member) : ForcedScope::pool(*pool);
  if (has_target) return ForcedScope::target(*check, *target);
  if (v.json().is_object()) {
    v.error("name one scope: \"site\", or \"pool\", or \"pool\" and \"member\", or \"check\" and \"target\"");
  }
  return std::nullopt;
}

}  // namespace gslbd::server
