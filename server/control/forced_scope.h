// SPDX-License-Identifier: Apache-2.0
#pragma once
// ForcedScope: what a forced state is laid over (a site, a pool, a member of a pool, or a target), and how it
// is written in JSON: {"site": "fra"}, {"pool": "www"}, {"pool": "www", "member": "192.0.2.10"},
// {"check": "web", "target": "192.0.2.10"}.
//
// Thread: values; any.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.h"
#include "core/json_fields.h"

namespace gslbd::server {

struct ForcedScope {
  enum class Kind : std::uint8_t { site, pool, member, target };

  Kind kind = Kind::site;
  std::string name;  ///< the site's, the pool's or the check's
  Address address;   ///< of a member or target

  static ForcedScope site(std::string name) { return {Kind::site, std::move(name), {}}; }
  static ForcedScope pool(std::string name) { return {Kind::pool, std::move(name), {}}; }
  static ForcedScope member(std::string pool, const Address& a) { return {Kind::member, std::move(pool), a}; }
  static ForcedScope target(std::string check, const Address& a) {
    return {Kind::target, std::move(check), a};
  }

  /// "site", "pool", "member" or "target".
  std::string_view kind_name() const;
  /// Its name without the kind: "fra", "www", "www 192.0.2.10", "web 192.0.2.10".
  std::string label() const;
  /// "site fra", "member 192.0.2.10 of pool www", "check web on 192.0.2.10".
  std::string to_string() const;
  Json to_json() const;

  auto operator<=>(const ForcedScope&) const = default;
};

/// A scope while its keys are read.
struct ScopeDraft {
  std::optional<std::string> site;
  std::optional<std::string> pool;
  std::optional<std::string> check;
  std::optional<Address> member;
  std::optional<Address> target;

  /// The one scope that the keys name; reports at `v`, the object that held them, when it is none or several.
  std::optional<ForcedScope> resolve(const JsonView& v) const;
};

/// The rows of the five keys, for the table of any object `T` that is a ScopeDraft.
template <class T>
constexpr std::array<Field<T>, 5> scope_fields() {
  return {{
      {"site", "name of a site", "none", "every member of that site",
       [](const JsonView& v, T& d) { d.site = read_string(v); }},
      {"pool", "name of a pool", "none",
       "every member of that pool; `\"example.com/www\"` for one of a zone file",
       [](const JsonView& v, T& d) { d.pool = read_string(v); }},
      {"member", "address", "none", "with `pool`: that member alone",
       [](const JsonView& v, T& d) { d.member = read_address(v); }},
      {"check", "name of a check", "none", "with `target`: what this check says of that address",
       [](const JsonView& v, T& d) { d.check = read_string(v); }},
      {"target", "address", "none", "with `check`: the address",
       [](const JsonView& v, T& d) { d.target = read_address(v); }},
  }};
}

}  // namespace gslbd::server
