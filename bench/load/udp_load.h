// SPDX-License-Identifier: Apache-2.0
#pragma once
// Load over UDP, from one thread that never sleeps: several connected sockets, each with a bounded number of
// queries on the way.
//
// Closed loop: a socket with enough free slots sends the next queries; the server sets the pace. Open loop:
// queries are due at a fixed rate, and latency counts from then, so that a query which had to wait because
// the server, or we, were behind tells so (no "coordinated omission").
//
// A closed loop with `bursts` hands the kernel several queries of equal length as one datagram with
// UDP_SEGMENT. It takes them apart on their way, so that the server sees the same as ever, at a fraction of
// our cost.
//
// A query without an answer counts as lost after `timeout`, and another takes its slot.

#include <cstdint>

#include "bench/load/queries.h"
#include "bench/load/tally.h"
#include "core/address.h"

namespace gslbd::bench {

/// When a run ends: after so long, or so many queries if that comes first.
struct Extent {
  Time duration = 2 * kSecond;
  std::uint64_t count = UINT64_MAX;
};

struct UdpOptions {
  static constexpr unsigned kMaxBurst = 64;  // what every kernel with UDP_SEGMENT takes

  Endpoint target;
  Extent extent;
  unsigned sockets = 8;
  unsigned window = 24;  ///< queries on the way on each socket, at most UdpChannel::kMaxWindow
  unsigned burst = 12;   ///< free slots that a socket waits for before it sends again, at most kMaxBurst
  bool bursts = false;   ///< by UDP_SEGMENT
  double rate = 0;       ///< queries a second of an open loop; 0: closed
  Time timeout = kSecond;
};

/// `queries` are those to send; bursts put them in another order.
Tally run_udp(const UdpOptions& options, Queries& queries);

}  // namespace gslbd::bench
