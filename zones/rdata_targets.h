// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which records name a host that somebody will connect to, and where in their RDATA the name stands. Asking
// for one of them is followed by asking for the host's addresses: they go into the additional section, and a
// zone in which they cannot be found deserves a warning.
//
// Thread: any.

#include <cstdint>
#include <optional>
#include <span>

#include "zones/rr_type.h"

namespace gslbd::zones {

struct RdataTarget {
  std::size_t at;         ///< where the name begins in the RDATA
  std::size_t length;     ///< of its wire form
  bool is_owner = false;  ///< it is written ".", which means the owner itself (RFC 9460 §2.5.2)
  bool with_same_type =
      false;  ///< the target's RRset of the same type counts too: AliasMode (RFC 9460 §2.4.2)
};

/// Whether RRs of the type can name such a host: NS, MX, SRV (RFC 1035 §3.3, RFC 2782), SVCB, HTTPS (RFC
/// 9460), AFSDB, RT (RFC 1183), KX (RFC 2230), NAPTR (RFC 3403). CNAME and DNAME do not: they are followed.
bool has_target(RrType type);

/// The host that one RDATA of that type names; nullopt when it names none: the root says that there is no
/// such service (RFC 2782, RFC 7505 §3, RFC 9460 §2.5.1), and a NAPTR's replacement is a host only under the
/// flag "A" (RFC 3404 §4.3). Any octets will do: what is no RDATA of the type names no host.
std::optional<RdataTarget> target_of(RrType type, std::span<const std::uint8_t> rdata);

/// The length of the uncompressed name at the start of well-formed `wire`.
inline std::size_t wire_name_length(std::span<const std::uint8_t> wire) {
  std::size_t n = 0;
  while (wire[n] != 0) n += std::size_t{wire[n]} + 1;
  return n + 1;
}

}  // namespace gslbd::zones
