// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probes over HTTP/1.1, with TLS or without. Our own client, because what the popular ones are good at is not
// what ten thousand tiny requests a second need.
//
// Connections of checks that reuse them lie idle here in between, and leave when the peer closes them, when
// they were not used for two intervals, or when there are too many.
//
// Thread: the loop's.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "health/descriptors.h"
#include "health/http/connection.h"
#include "health/stream/socket_set.h"
#include "health/transport.h"

namespace gslbd::health {

class HttpClient final : public Transport, private HttpConnectionOwner {
 public:
  explicit HttpClient(UvLoop& loop);
  ~HttpClient() override;

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override;
  void cancel(ProbeId id, const Check& check) override;

  std::size_t idle_connections() const { return idle_.size(); }

 private:
  /// What two probes must have in common to share a connection.
  struct Peer {
    Address address;
    std::uint16_t port = 0;
    std::string tls;  ///< HttpOptions::tls_identity
    bool operator==(const Peer&) const = default;
  };
  struct PeerHash {
    std::size_t operator()(const Peer& peer) const noexcept;
  };
  /// A connection and the probe that uses it, or used it last.
  struct Slot final : HttpConnection {
    using HttpConnection::HttpConnection;
    ProbeId id = 0;
    ProbeListener* listener = nullptr;
    Peer peer;
    Duration interval{0};
    MonotonicTime idle_until{};
    LastingConnections::Place place;  ///< while it is idle
  };
  using SlotPointer = std::unique_ptr<Slot>;

  void exchange_ended(HttpConnection& connection, Outcome outcome) override;
  void idle_connection_lost(HttpConnection& connection) override;
  SlotPointer take_idle(const Peer& peer);
  SlotPointer take_spare();
  void keep_idle(SlotPointer slot);
  void close_the_unused();

  UvLoop& loop_;
  SocketSet sockets_;  // outlives the connections
  std::unordered_map<ProbeId, SlotPointer> running_;
  std::unordered_multimap<Peer, SlotPointer, PeerHash> idle_;
  std::vector<SlotPointer> spare_;  ///< closed, for the next probes: as many as once ran at a time
  TimerId sweep_timer_;
};

}  // namespace gslbd::health
