// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpLimits: how many TCP connections there are, in all and by client, over all workers; and how patient the
// server may be with idle ones, which depends on it.
//
// Counting is a few atomic operations a connection, on memory laid out once; nothing is ever locked. Clients
// are kept in a table of counters by a keyed hash, so that nobody can aim at another's counter. A client has
// one as long as it has a connection; the table has four places for each connection that may exist, and in
// the rare case that all eight places of a hash are taken the connection is let in uncounted.
//
// Thread: any; one object for all workers.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/address.h"
#include "core/siphash.h"
#include "server/net/tcp_options.h"

namespace gslbd::server {

class TcpLimits {
 public:
  /// Where a client's connections are counted.
  using Place = std::uint32_t;
  static constexpr Place kUncounted = ~Place{0};

  /// `key` must be unknown to clients.
  TcpLimits(const TcpOptions& options, const SipHashKey& key);

  const TcpOptions& options() const { return options_; }

  /// A connection opens, whoever's it is. True when there are now more than there may be: one has to go.
  bool opened() noexcept { return open_.fetch_add(1, std::memory_order_relaxed) >= options_.max_connections; }
  void closed() noexcept { open_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }

  /// Counts a connection of `client`, to be given back with leave(); nullopt: the client has all it may have.
  std::optional<Place> enter(const Address& client) noexcept;
  void leave(Place place) noexcept;

  /// How long a connection may idle now: idle_timeout while the table is at most half full, then shorter and
  /// shorter, down to a twentieth when it is full, so that idle connections go before any has to be cut off.
  std::chrono::milliseconds idle_timeout() const noexcept;
  /// As the edns-tcp-keepalive option tells it, in units of 100 ms; 0, "please close", when the table is
  /// nearly full (RFC 7828 §3.3.2, §3.4).
  std::uint16_t keepalive() const noexcept;

 private:
  // A cache line of counters: 48 bits that tell the client, 16 of count. 0: free.
  static constexpr std::size_t kWays = 8;
  struct alignas(64) Set {
    std::array<std::atomic<std::uint64_t>, kWays> counters{};
  };
  static constexpr std::uint64_t kCountMask = 0xffff;

  const TcpOptions options_;
  const SipHashKey key_;
  const std::size_t set_count_;  ///< a power of two
  const std::unique_ptr<Set[]> sets_;
  alignas(64) std::atomic<std::uint32_t> open_{0};
};

}  // namespace gslbd::server
