// SPDX-License-Identifier: Apache-2.0
#include "zones/rdata_targets.h"

#include "zones/name.h"

namespace gslbd::zones {
namespace {

// The octets before the host's name; nullopt for the types that name none.
std::optional<std::size_t> fixed_octets(RrType t) {
  switch (t) {
    case type::kNs:
      return 0;
    case type::kMx:     // preference
    case type::kAfsdb:  // subtype
    case type::kRt:     // preference
    case type::kKx:     // preference
    case type::kSvcb:   // priority
    case type::kHttps:
      return 2;
    case type::kSrv:  // priority, weight, port
      return 6;
    default:
      return std::nullopt;
  }
}

// RFC 3403 §4.1: order and preference, then flags, services and regexp as character strings, then the
// replacement.
std::optional<std::size_t> naptr_host_at(std::span<const std::uint8_t> rdata) {
  std::size_t at = 4;
  if (rdata.size() <= at + 1 || rdata[at] != 1 || (rdata[at + 1] | 0x20) != 'a') return std::nullopt;
  for (int strings = 0; strings < 3; ++strings) {
    if (at >= rdata.size()) return std::nullopt;
    at += std::size_t{rdata[at]} + 1;
  }
  return at;
}

// The length of the name at the start of `wire`; nullopt when there is none: RDATA of types that the reader
// takes as they are need not be well formed.
std::optional<std::size_t> name_length(std::span<const std::uint8_t> wire) {
  std::size_t n = 0;
  while (n < wire.size() && wire[n] != 0) {
    if (wire[n] > kMaxLabelLength) return std::nullopt;
    n += std::size_t{wire[n]} + 1;
  }
  if (n >= wire.size() || n >= kMaxNameLength) return std::nullopt;
  return n + 1;
}

}  // namespace

bool has_target(RrType t) {
  return t == type::kNaptr || fixed_octets(t).has_value();
}

std::optional<RdataTarget> target_of(RrType t, std::span<const std::uint8_t> rdata) {
  const auto at = t == type::kNaptr ? naptr_host_at(rdata) : fixed_octets(t);
  if (!at || *at >= rdata.size()) return std::nullopt;
  const auto length = name_length(rdata.subspan(*at));
  if (!length) return std::nullopt;
  RdataTarget target{*at, *length};
  const bool is_root = target.length == 1;
  if (t != type::kSvcb && t != type::kHttps) return is_root ? std::nullopt : std::optional(target);
  const bool alias_mode = rdata[0] == 0 && rdata[1] == 0;
  if (is_root && alias_mode) return std::nullopt;
  target.is_owner = is_root;
  target.with_same_type = alias_mode;
  return target;
}

}  // namespace gslbd::zones
