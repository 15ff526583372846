// SPDX-License-Identifier: Apache-2.0
#pragma once
// RateLimiter: response rate limiting against reflection. Who forges a victim's address on queries makes us
// send the answers there. We cannot tell a forged address, but a resolver caches: it has no reason to get the
// same answer many times a second. So it is responses that are counted, not queries, and alike ones together
// (after Vixie and Schryver, ISC-TN-2012-1):
//
//  - by the client's prefix, not its address, or the attacker would walk through the victim's network;
//  - by what makes responses alike: the answered name; for NXDOMAIN, NODATA and referrals the zone, since
//    their names are the attacker's to invent; for errors nothing more;
//  - and, if wished, all responses to a prefix together, since a zone with many names has many answers to ask
//    for. The response's own account comes first: a flood of one answer, limited there, leaves the prefix its
//    allowance for others.
//
// What is over the limit is dropped, but some goes out truncated, so that a real client that shares the
// prefix with the victim, or is the victim, gets its answer over TCP, where no address can be forged.
//
// The caller must not ask about responses to those who have proved their address: over TCP, or with a valid
// cookie (RFC 7873 §5.2.5). It asks once for each response, after it is made; of a truncated one it keeps the
// header with TC, the question and an OPT without options but the cookie. What would be no shorter for it
// cannot slip: it is dropped.
//
// Thread: admit() from all workers at once; no locks, no allocation, bounded work, 50 to 100 ns and one
// shared cache line.

#include <array>
#include <cstdint>

#include "core/address.h"
#include "core/prefix.h"
#include "core/siphash.h"
#include "core/time.h"
#include "server/answer/rate_accounts.h"
#include "server/answer/rate_limit_counters.h"
#include "server/answer/rate_limit_settings.h"

namespace gslbd::server {

enum class RateAction : std::uint8_t { send, truncate, drop };

class RateLimiter {
 public:
  /// `seed` keeps strangers from aiming at accounts: nobody else may know it.
  RateLimiter(const RateLimitSettings& settings, std::uint64_t seed);

  /// What to do with one response, which `counters` then shows. `name_hash` says which responses of a class
  /// are alike; any hash does, it is hashed again with the key:
  ///   answer                       the owner of the records. For a wildcard's, the wildcard: names below it
  ///                                are the attacker's to invent, too
  ///   nodata, nxdomain, referral   the zone (or the cut)
  ///   error                        0
  /// `can_slip`: there is something shorter to send instead.
  RateAction admit(const Address& client, AnswerClass answer_class, std::uint64_t name_hash,
                   MonotonicTime now, RateLimitCounters& counters, bool can_slip = true) noexcept;

  const RateLimitSettings& settings() const { return settings_; }

 private:
  RateOutcome decide(const Address& client, AnswerClass answer_class, std::uint64_t name_hash,
                     MonotonicTime now, bool can_slip) noexcept;
  RateOutcome over_limit(std::uint32_t nth, bool can_slip) const noexcept;
  std::uint64_t account(const Address& client, std::uint8_t kind, std::uint64_t name_hash) const noexcept;

  RateLimitSettings settings_;
  SipHashKey key_;
  PrefixSet exempt_;
  std::array<std::array<std::uint8_t, 16>, 2> masks_;  ///< [Family]
  std::array<RateAccounts::Limit, kAnswerClassNames.size()> limits_;
  RateAccounts::Limit all_limit_;
  RateAccounts accounts_;
};

}  // namespace gslbd::server
