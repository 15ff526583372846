// SPDX-License-Identifier: Apache-2.0
#pragma once
// The PROXY protocol, version 2: what a load balancer puts before a connection's octets, or before each
// datagram's, to tell whose they are. Only the binary form: the textual one (version 1) cannot carry UDP.
//
// Whoever can send a header can claim any address: a listener takes them from configured peers alone
// (server/net/listener.h).
//
// Thread: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/address.h"
#include "server/query_handler.h"

namespace gslbd::server {

/// Longer ones are malformed. Addresses need 52 octets; the rest is room for what proxies add: a TLS client's
/// certificate name, identifiers of a cloud's network.
inline constexpr std::size_t kMaxProxyHeaderSize = 2048;

struct ProxyHeader {
  enum class State : std::uint8_t {
    incomplete,  ///< so far it is the beginning of a header
    malformed,   ///< no header, or one that contradicts itself or the transport it came over
    local,       ///< the proxy asks for itself, a health check mostly: the peer is the client
    proxied      ///< `client` is
  };
  State state = State::incomplete;
  Endpoint client{};  ///< proxied: an IPv4 client of a dual-stack proxy (::ffff:192.0.2.1) is an IPv4 client
  std::size_t size = 0;  ///< local and proxied: what comes behind so many octets is the client's
};

/// Reads the header that `octets` begin with. A proxied one must name `transport`, and IPv4 or IPv6
/// addresses; an unspecified family counts as `local`. Checksums in extensions are not verified: TCP and UDP
/// have their own.
ProxyHeader parse_proxy_header(std::span<const std::uint8_t> octets, Transport transport) noexcept;

}  // namespace gslbd::server
