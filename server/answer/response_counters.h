// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a responder counts.
//
// Thread: written by its worker, read at scrape time.

#include <array>
#include <cstddef>

#include "server/answer/cookie.h"
#include "server/answer/rate_limit_counters.h"
#include "server/counter.h"

namespace gslbd::server {

struct ResponseCounters {
  static constexpr std::size_t kRcodes = 24;
  std::array<Counter, kRcodes> by_rcode;  ///< responses, as sent
  Counter truncated;
  Counter dropped;                             ///< packets that get no answer: no header, or responses
  Counter edns;                                ///< queries with an OPT
  Counter access_refused;                      ///< by an access list of a listener or a zone
  std::array<Counter, kCookieStates> cookies;  ///< queries by CookieState
  RateLimitCounters rate_limit;
};

}  // namespace gslbd::server
