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

/// Thread: one object a worker, called by that worker only, between online() and the next quiescent point.
class QueryHandler {
 public:
  virtual ~QueryHandler() = default;
  /// Answers `query` into `response` (which does not overlap it) and returns the response's length; 0 means
  /// that nothing must be sent. Never allocates, locks, throws or logs.
  virtual std::size_t handle(std::span<const std::uint8_t> query, const Asker& asker,
                             std::span<std::uint8_t> response) noexcept = 0;
};

}  // namespace gslbd::server
