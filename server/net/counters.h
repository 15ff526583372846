// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the transports count. NetCounters is one worker's own; NetTotals is the same shape in plain numbers,
// the sum over workers that a scrape reads. The number of open TCP connections is not kept but derived.
//
// Thread: a worker writes its NetCounters; add() reads them from any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "core/address.h"
#include "server/counter.h"
#include "server/query_handler.h"

namespace gslbd::server {

/// Why a datagram was lost on our side.
enum class UdpDrop : std::uint8_t {
  oversize,       ///< a query longer than kMaxUdpQuerySize
  send_buffer,    ///< the kernel had no room for the response
  send_error,     ///< the kernel refused the response (no route, port 0, a firewall rule)
  receive_error,  ///< the kernel reported an error instead of a query
  bad_source,     ///< from a port that nobody asks from, or from ourselves: an answer would do harm
  proxy_header    ///< from a proxy, without a usable PROXY header
};
inline constexpr std::array<std::string_view, 6> kUdpDropNames = {
    "oversize", "send_buffer", "send_error", "receive_error", "bad_source", "proxy_header"};

/// Why a TCP connection ended.
enum class TcpClose : std::uint8_t {
  peer,          ///< the client closed it
  idle,          ///< no further complete query within the idle timeout
  slow_reader,   ///< the client did not take its responses within the idle timeout
  limit,         ///< the least useful one had to make room
  malformed,     ///< a message of length 0
  error,         ///< the kernel reported an error (a reset, mostly)
  shutdown,      ///< the worker stopped
  first_query,   ///< no complete query at all within the first-query timeout
  client_limit,  ///< refused: its client has as many as it may have
  proxy_header,  ///< from a proxy, without a usable PROXY header
  memory         ///< unfinished queries and unread responses of all clients hold as much as they may
};
inline constexpr std::array<std::string_view, 11> kTcpCloseNames = {
    "peer",     "idle",        "slow_reader",  "limit",        "malformed", "error",
    "shutdown", "first_query", "client_limit", "proxy_header", "memory"};

template <class Cell>
struct NetCountersOf {
  std::array<std::array<Cell, 2>, 2> queries{};  ///< [Transport][Family]
  std::array<Cell, kUdpDropNames.size()> udp_drops{};
  Cell udp_coalesced{};         ///< responses that left in the message of another one, to the same peer
  Cell udp_refused_together{};  ///< messages with several responses that the kernel took only one by one
  Cell tcp_accepted{};
  std::array<Cell, kTcpCloseNames.size()> tcp_closed{};

  Cell& queries_of(Transport t, Family f) {
    return queries[static_cast<std::size_t>(t)][static_cast<std::size_t>(f)];
  }
  Cell& drops_of(UdpDrop d) { return udp_drops[static_cast<std::size_t>(d)]; }
  Cell& closed_of(TcpClose c) { return tcp_closed[static_cast<std::size_t>(c)]; }
};

/// Alone on its cache lines: a neighbour's writes must not slow the worker down.
struct alignas(64) NetCounters : NetCountersOf<Counter> {};

struct NetTotals : NetCountersOf<std::uint64_t> {
  void add(const NetCounters& worker);
  std::uint64_t tcp_open() const;
};

inline void NetTotals::add(const NetCounters& worker) {
  for (std::size_t t = 0; t < queries.size(); ++t) {
    for (std::size_t f = 0; f < queries[t].size(); ++f) queries[t][f] += worker.queries[t][f].value();
  }
  for (std::size_t i = 0; i < udp_drops.size(); ++i) udp_drops[i] += worker.udp_drops[i].value();
  udp_coalesced += worker.udp_coalesced.value();
  udp_refused_together += worker.udp_refused_together.value();
  // Closed before accepted: a connection that comes and goes in between must not make tcp_open() negative.
  for (std::size_t i = 0; i < tcp_closed.size(); ++i) tcp_closed[i] += worker.tcp_closed[i].value();
  tcp_accepted += worker.tcp_accepted.value();
}

inline std::uint64_t NetTotals::tcp_open() const {
  const std::uint64_t closed = std::accumulate(tcp_closed.begin(), tcp_closed.end(), std::uint64_t{0});
  return tcp_accepted > closed ? tcp_accepted - closed : 0;
}

}  // namespace gslbd::server
