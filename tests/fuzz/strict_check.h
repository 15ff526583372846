// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a response may be, given the query: the rules that hold for every zone and every policy. The first
// broken one ends the program with both messages in hexadecimal, which is how a fuzzer is told.
//
// Thread: pure functions.

#include "server/query_handler.h"
#include "tests/fuzz/wire.h"

namespace gslbd::fuzz {

struct Exchange {
  Octets query;
  Octets response;  ///< empty: none was sent
  server::Transport transport = server::Transport::udp;
  bool may_be_silent = false;  ///< a rate limit may have dropped it
  std::uint16_t udp_payload = 1232;
};

/// Ends the program with `what` and the messages unless `holds`.
void require(bool holds, const char* what, const Exchange& exchange);

/// Returns the response as read; nullopt when there is none, rightly.
std::optional<Response> check_exchange(const Exchange& exchange);

/// The same query over UDP and over TCP: truncated only when it has to be, and otherwise the same.
void check_truncation(const Exchange& udp, const Response& over_udp, const Exchange& tcp,
                      const Response& over_tcp);

}  // namespace gslbd::fuzz
