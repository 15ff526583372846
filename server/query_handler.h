// SPDX-License-Identifier: Apache-2.0
#pragma once
// QueryHandler: a packet in, a packet out. The seam between the transports (server/net), which know sockets
// and nothing of DNS but the two octets of length on TCP, and the responder (server/answer), which knows DNS
// and nothing of sockets, so that it can be driven from a test, a fuzzer or a ring of frames just as well.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/address.h"

namespace gslbd::server {

enum class Transport : std::uint8_t { udp, tcp };

/// Who asks, and how.
struct Asker {
  Transport transport = Transport::udp;
  Address address;              ///< the client's; behind a proxy, what that says it is
  std::uint16_t listener = 0;   ///< which of the configured listeners it came to
  bool encrypted = false;       ///< padding answers hides something (RFC 7830)
  std::uint16_t keepalive = 0;  ///< TCP: how long an idle connection is kept, in units of 100 ms (RFC 7828)
};

/// The largest DNS message (RFC 1035 §4.2.2). Every response buffer is this large on TCP.
inline constexpr std::size_t kMaxMessageSize = 65535;
/// The response buffer on UDP: what we offer is below it, whatever the asker allows.
inline constexpr std::size_t kMaxUdpResponseSize = 4096;

/// Octets behind a query of a batch that may be read, whatever they are: whoever lays out the buffers makes
/// them part of the allocation. So names are read in whole vectors.
inline constexpr std::size_t kReadAhead = 64;
/// The most queries that one batch has. More gain nothing: the two system calls no longer show, and what is
/// in flight for one batch outgrows the nearest cache.
inline constexpr std::size_t kMaxBatch = 32;

/// One query of a batch and the room for its response.
struct BatchQuery {
  /// kReadAhead octets behind its end are readable. handle_batch() leaves it as it is.
  std::span<const std::uint8_t> query;
  Asker asker;
  std::span<std::uint8_t> response;  ///< the room; does not overlap any query
  std::size_t length = 0;            ///< of the response; 0: nothing must be sent. Set by handle_batch().
};

/// Thread: one object a worker, called by that worker only, between online() and the next quiescent point.
class QueryHandler {
 public:
  virtual ~QueryHandler() = default;
  /// Answers `query` into `response` (which does not overlap it) and returns the response's length; 0 means
  /// that nothing must be sent. Never allocates, locks, throws or logs.
  virtual std::size_t handle(std::span<const std::uint8_t> query, const Asker& asker,
                             std::span<std::uint8_t> response) noexcept = 0;
  /// The same for up to kMaxBatch queries at once, so that what they wait for in memory overlaps. Each gets
  /// what handle() would give it, in the order of the batch.
  virtual void handle_batch(std::span<BatchQuery> batch) noexcept {
    for (BatchQuery& q : batch) q.length = handle(q.query, q.asker, q.response);
  }
};

}  // namespace gslbd::server
