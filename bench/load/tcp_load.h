// SPDX-License-Identifier: Apache-2.0
#pragma once
// Load over TCP, from one thread: connections that each have a bounded number of queries on the way, closed
// loop. They live as long as the run, or are closed after so many answers and replaced; then latency counts
// from the connect() of a connection's first query. Beside them others may be held that are idle after one
// query each.
//
// A connection that the server ends, or that has a query without an answer for longer than `timeout`, costs
// what was on the way as lost, and is replaced. Clients have many addresses (127.0.0.0/8 where the server is
// on the loopback), so that neither ports in TIME_WAIT nor a server's limit on a client decide what is
// measured.

#include <cstdint>

#include "bench/load/queries.h"
#include "bench/load/tally.h"
#include "bench/load/udp_load.h"
#include "core/address.h"

namespace gslbd::bench {

struct TcpOptions {
  Endpoint target;
  Extent extent;
  unsigned connections = 50;
  unsigned outstanding =
      1;  ///< queries on the way on each connection, at most TcpConnection::kMaxOutstanding
  unsigned per_connection = 0;  ///< answers after which a connection is closed; 0: never
  unsigned idle = 0;  ///< connections held beside; then "ready" is printed and a line of input awaited
  Time timeout = kSecond;
};

Tally run_tcp(const TcpOptions& options, Queries& queries);

}  // namespace gslbd::bench
