// SPDX-License-Identifier: Apache-2.0
#pragma once
// UdpServer: reads queries from one UDP socket in batches, has each batch answered as a whole and sends the
// answers in batches (server/net/reply_sender.h). All buffers and message headers are laid out once; a packet
// costs no allocation, lock, exception or log line. It does not wait: its owner calls serve_batch() when the
// socket is readable.
//
// A query longer than kMaxUdpQuerySize is dropped, for its rest is lost, and counted.
//
// Not answered at all is what comes from ports that nobody asks from: 0, and those of services that answer
// whatever they get (echo, chargen and their kind), which a forged query would set to talk with us for ever;
// nor what claims to come from this very socket.
//
// Where some peers are proxies, each of their datagrams begins with a PROXY header of its own; the answer
// goes back to the proxy, without one. Where none are, a batch pays for that with one branch.
//
// Thread: one worker's.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/address.h"
#include "server/net/counters.h"
#include "server/net/listener.h"
#include "server/net/reply_sender.h"
#include "server/query_handler.h"

namespace gslbd::server {

/// Far above any query seen: RFC 8467 pads them to multiples of 128 octets.
inline constexpr std::size_t kMaxUdpQuerySize = 4096;

/// Alone on its cache lines, as the worker beside writes to its own all the time.
class alignas(64) UdpServer {
 public:
  /// The UDP socket of `sockets`, which stay the caller's and open as long as this lives.
  UdpServer(const BoundSockets& sockets, QueryHandler& handler, NetCounters& counters);
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  /// Receives, answers and sends at most one batch. True when it was full, so that more may be waiting.
  bool serve_batch() noexcept;

 private:
  /// Room for a query and what may be read behind it, or for a response. Most fit its first cache line or
  /// two; that it is an odd number of lines long keeps those out of each other's cache sets.
  struct alignas(64) Slot {
    std::array<std::uint8_t, kMaxUdpQuerySize + 64> octets;
  };
  static_assert(kMaxUdpQuerySize + kReadAhead <= sizeof(Slot) && kMaxUdpResponseSize <= sizeof(Slot));

  union Peer {
    sockaddr_in v4;
    sockaddr_in6 v6;
  };

  template <bool kProxied>
  void answer(unsigned received) noexcept;
  void answer_run(unsigned first, unsigned last) noexcept;
  bool usable(unsigned i) noexcept;
  bool is_harmless(unsigned i, std::uint16_t port) noexcept;
  bool is_ourselves(unsigned i) noexcept;
  bool take_header(BatchQuery& query) noexcept;
  void read_source(unsigned i, Address& address) const noexcept;
  std::size_t control_size() const noexcept;

  const int fd_;
  const ListenSpec& spec_;
  const std::uint16_t port_;
  const bool is_v4_;
  const bool wildcard_;
  const bool proxied_;  ///< some peers are proxies
  QueryHandler& handler_;
  NetCounters& counters_;
  ReplySender sender_;
  std::unique_ptr<Slot[]> slots_;  ///< of the queries, then of the responses
  // By datagram received:
  std::array<mmsghdr, kMaxBatch> in_{};
  std::array<iovec, kMaxBatch> in_data_{};
  std::array<Peer, kMaxBatch> peers_{};
  std::array<UdpControl, kMaxBatch> controls_{};
  std::array<BatchQuery, kMaxBatch> queries_{};
};

}  // namespace gslbd::server
