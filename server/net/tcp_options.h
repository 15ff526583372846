// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpOptions: what TCP clients may cost (RFC 7766 §6.2, RFC 9210 §4). Plain data, so that the configuration
// can read it without knowing of sockets.

#include <chrono>
#include <cstdint>

namespace gslbd::server {

struct TcpOptions {
  /// Connections at once, all workers together; 1 to kMaxTcpConnections. For one more, the least useful has
  /// to go. Less where the process may not open that many files: half of the limit is kept for everything
  /// else.
  std::uint32_t max_connections = 2000;
  /// Of one client: an IPv4 address or an IPv6 /64, which one host commonly has all of. 1 to
  /// kMaxTcpConnections; from max_connections on it limits nothing. Far looser than what a client should use
  /// (RFC 7766 §6.2.2), since behind one address may stand all the resolvers of a provider; tight enough that
  /// it takes twenty addresses to fill the table.
  std::uint32_t max_connections_per_client = 100;
  /// Without a complete query, or a backlog of responses taken, for so long: closed. RFC 7766 §6.2.3 wants
  /// seconds rather than minutes. It shrinks as the table fills (server/net/tcp_limits.h).
  std::chrono::milliseconds idle_timeout{10'000};
  /// How soon after connecting the first query must be complete: a lost segment may be sent again twice.
  std::chrono::milliseconds first_query_timeout{3'000};

  bool operator==(const TcpOptions&) const = default;
};

/// Every worker has an object ready for each, of about 160 octets.
inline constexpr std::uint32_t kMaxTcpConnections = 65'535;

}  // namespace gslbd::server
