// SPDX-License-Identifier: Apache-2.0
#pragma once
// GoodClient: a resolver with manners. Asks all the time, over UDP, over one TCP connection that it keeps and
// over fresh ones, and holds that every answer is right. An unanswered UDP question is asked again, as
// resolvers do; what stays unanswered is lost.
//
// Thread: one; the stop flag is anybody's.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace gslbd::soak {

struct GoodClientOptions {
  Endpoint server;
  std::string_view name;  ///< has one A record
  Address address;        ///< that one
};

struct Tally {
  std::uint64_t right = 0;
  std::uint64_t wrong = 0;
  std::uint64_t lost = 0;                 ///< no answer to any try
  std::uint64_t again = 0;                ///< tries beyond the first: UDP lost, TCP connection closed
  std::vector<std::uint32_t> latency_us;  ///< of the right ones, from the first try
};

struct GoodClientResult {
  Tally udp;
  Tally tcp_kept;
  Tally tcp_fresh;
  std::string first_complaint;
};

/// Until `stop`, and then once more each.
void run_good_client(const GoodClientOptions& options, const std::atomic<bool>& stop,
                     GoodClientResult& result);

}  // namespace gslbd::soak
