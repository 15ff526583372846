// SPDX-License-Identifier: Apache-2.0
#pragma once
// AnswerPolicy: what the operator decided about answers beside the zones: what the server tells of itself,
// whom it answers, and how much.
//
// Thread: filled by the loader, immutable once it serves. The rate limiter is shared by all workers and made
// for that.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "server/answer/access_list.h"
#include "server/answer/chaos.h"
#include "server/answer/cookie.h"
#include "server/answer/rate_limiter.h"

namespace gslbd::server {

struct AnswerPolicy {
  /// The NSID's bound: with every other option that a query can ask for, an OPT must fit behind the longest
  /// question in 512 octets.
  static constexpr std::size_t kMaxNsid = 128;

  /// The largest UDP payload we send or advertise, 512 to 4096. The default is unlikely to be fragmented
  /// anywhere (RFC 9715 §3.1).
  std::uint16_t udp_payload = 1232;
  /// Adds the addresses of the names that NS, MX, SRV, SVCB and HTTPS records point to. Glue is always added.
  bool additional = true;
  std::vector<std::uint8_t> nsid;  ///< RFC 5001; at most kMaxNsid octets, empty: none
  ChaosNames chaos;
  std::optional<CookieSecrets> cookies;       ///< RFC 7873; none: the option is ignored
  std::vector<std::uint8_t> report_agent;     ///< RFC 9567: the agent domain, wire form; empty: none
  std::vector<AccessList> listeners;          ///< by Asker::listener; those beyond the end are open
  std::shared_ptr<RateLimiter> rate_limiter;  ///< none: no limit
};

}  // namespace gslbd::server
