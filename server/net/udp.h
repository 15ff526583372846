// SPDX-License-Identifier: Apache-2.0
#pragma once
// UdpServer: reads queries from one UDP socket in batches, has them answered and sends the answers in
// batches. All buffers and message headers are laid out once; a packet costs no allocation, lock, exception
// or log line. It does not wait: its owner calls serve_batch() when the socket is readable.
//
// A query longer than kMaxUdpQuerySize is dropped, for its rest is lost. A reply that the kernel does not
// take at once is dropped too: the client asks again, and a queue would only grow stale. Both are counted.
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
#include "server/query_handler.h"

namespace gslbd::server {

/// Far above any query seen: RFC 8467 pads them to multiples of 128 octets.
inline constexpr std::size_t kMaxUdpQuerySize = 4096;

class UdpServer {
 public:
  /// The UDP socket of `sockets`, which stay the caller's and open as long as this lives.
  UdpServer(const BoundSockets& sockets, QueryHandler& handler, NetCounters& counters);
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  /// Receives, answers and sends at most one batch. True when it was full, so that more may be waiting.
  bool serve_batch() noexcept;

 private:
  // Large enough that the two system calls do not show, small enough to stay in the cache.
  static constexpr unsigned kBatch = 32;
  // The odd cache line keeps the first lines of the buffers, the ones in use, out of each other's cache sets.
  static constexpr std::size_t kStride = kMaxUdpQuerySize + 64;
  static_assert(kMaxUdpResponseSize <= kStride);

  union Peer {
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
  };

  template <bool kProxied>
  unsigned answer(unsigned received) noexcept;
  bool usable(unsigned i) noexcept;
  bool is_ourselves(unsigned i) noexcept;
  bool take_header(std::span<const std::uint8_t>& query, Asker& asker) noexcept;
  void send(unsigned count) noexcept;
  Address address_of(const Peer& peer) const noexcept;
  void reply_from_destination(msghdr& message) const noexcept;
  std::uint8_t* query(unsigned i) noexcept { return buffers_.get() + i * kStride; }
  std::uint8_t* response(unsigned i) noexcept { return buffers_.get() + (kBatch + i) * kStride; }

  const int fd_;
  const ListenSpec& spec_;
  const std::uint16_t index_;
  const bool is_v4_;
  const bool wildcard_;
  const bool proxied_;  ///< some peers are proxies
  QueryHandler& handler_;
  NetCounters& counters_;
  std::unique_ptr<std::uint8_t[]> buffers_;
  std::array<mmsghdr, kBatch> in_{};
  std::array<mmsghdr, kBatch> out_{};
  std::array<iovec, kBatch> in_data_{};
  std::array<iovec, kBatch> out_data_{};
  std::array<Peer, kBatch> peers_{};
  std::array<Control, kBatch> controls_{};
};

}  // namespace gslbd::server
