// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opens the sockets the workers answer on: for every endpoint and worker one UDP and one listening TCP
// socket, joined by SO_REUSEPORT so that the kernel spreads the askers over the workers.
//
// An endpoint is ours alone: a port that another process holds is an error even where SO_REUSEPORT would let
// us share it, since two servers would then silently split the queries. All or nothing: on an error none is
// open.

#include <cstdint>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/prefix.h"
#include "core/result.h"
#include "server/net/unique_fd.h"

namespace gslbd::server {

/// Where to answer, and who may speak for others there.
struct ListenSpec {
  Endpoint endpoint;
  /// Peers that put a PROXY header (version 2) before every datagram and every connection, and are not heard
  /// without. From all others a header is a malformed query.
  PrefixSet proxies;
};

/// One worker's sockets on one endpoint; both non-blocking, the TCP one listening.
struct BoundSockets {
  ListenSpec spec;          ///< with the port the kernel chose where 0 was asked for
  std::uint16_t index = 0;  ///< which listener it is, in the order asked for
  UniqueFd udp;
  UniqueFd tcp;
};

struct Listeners {
  std::vector<Endpoint> endpoints;                   ///< in the order asked for, with real ports
  std::vector<std::vector<BoundSockets>> by_worker;  ///< [worker][endpoint]
};

/// Port 0: one that is free for UDP and TCP, stands nowhere else in the list, and if possible is none that
/// the kernel gives to clients (server/net/port_choice.h). Errors name the endpoint and the reason: "cannot
/// listen on 127.0.0.1:53/udp: Address already in use".
Result<Listeners> open_listeners(std::span<const ListenSpec> specs, std::size_t workers);
/// The same, without proxies.
Result<Listeners> open_listeners(std::span<const Endpoint> endpoints, std::size_t workers);

/// 0.0.0.0 or ::, where a reply must be told which of the host's addresses the query came to.
bool is_wildcard(const Address& address);

}  // namespace gslbd::server
