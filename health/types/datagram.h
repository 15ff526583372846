// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request in one UDP datagram, and the datagrams that come back. The socket is connected: only the peer's
// own address and port are heard, from a source port that the kernel draws at random, and what routers and
// the peer's host say about the request (ICMP: port unreachable, no route) ends it at once.
//
// Nothing is sent again: a lost datagram is a failed probe, and `fall` says how many of these it takes.
//
// Thread: the loop's.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "core/address.h"
#include "health/outcome.h"
#include "health/uv_loop.h"

namespace gslbd::health {

class DatagramExchange {
 public:
  static constexpr std::size_t kLongestReply = 4096;  ///< octets; what is longer is cut

  struct Events {
    /// Each datagram that comes back. May destroy the exchange.
    std::function<void(std::span<const std::uint8_t>)> on_reply;
    /// Once, and nothing after it. May destroy the exchange.
    std::function<void(Outcome)> on_failure;
  };

  explicit DatagramExchange(UvLoop& loop) : loop_(loop) {}
  ~DatagramExchange();
  DatagramExchange(const DatagramExchange&) = delete;
  DatagramExchange& operator=(const DatagramExchange&) = delete;

  /// Sends the request. An outcome: it failed at once, and no event will come.
  std::optional<Outcome> start(const Endpoint& peer, std::span<const std::uint8_t> request, Events events);

 private:
  void receive(int poll_error);

  UvLoop& loop_;
  Events events_;
  int socket_ = -1;
  std::unique_ptr<SocketWatch> watch_;
};

}  // namespace gslbd::health
