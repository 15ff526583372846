// SPDX-License-Identifier: Apache-2.0
#include "server/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "server/net/port_choice.h"
#include "server/query_handler.h"

namespace gslbd::server {
namespace {

// Room for a burst while a worker is busy elsewhere; the kernel caps it at net.core.rmem_max.
constexpr int kSocketBuffer = 4 << 20;
// The kernel caps it at net.core.somaxconn.
constexpr int kTcpBacklog = 4096;
// Fast Open connections whose handshake is not complete: they cost memory before the client's address is
// proved.
constexpr int kFastOpenQueue = 256;
// How often a port that nobody asked for may turn out to be taken, on one transport or the other.
constexpr int kPortAttempts = 32;

enum class Sharing { exclusive, by_workers };

tl::unexpected<Error> cannot_listen(const Endpoint& endpoint, Transport transport, int error) {
  return fail("cannot listen on " + endpoint.to_string() +
              (transport == Transport::udp ? "/udp: " : "/tcp: ") + std::generic_category().message(error));
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// What a reply over a UDP socket needs; false with errno set when something indispensable failed.
bool prepare_udp(int fd, const Address& address) {
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kSocketBuffer);
  set_option(fd, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
  // Forged "fragmentation needed" messages must not shrink our datagrams into fragments that a third party
  // can replace: the path MTU is ignored, and the responder keeps its messages small.
  if (address.is_v4()) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    return !is_wildcard(address) || set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
  }
  set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  return !is_wildcard(address) || set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

// A bound socket, ready but for listen().
Result<UniqueFd> bind_socket(const Endpoint& endpoint, Transport transport, Sharing sharing) {
  const bool udp = transport == Transport::udp;
  const int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, type, 0));
  if (!fd) return cannot_listen(endpoint, transport, errno);
  const bool prepared =
      (endpoint.address.is_v4() || set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
      // On TCP it means "also while old connections are in TIME_WAIT"; on UDP it would mean sharing with
      // anyone.
      (udp || set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) &&
      (sharing == Sharing::exclusive || set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) &&
      (!udp || prepare_udp(fd.get(), endpoint.address));
  if (!prepared) return cannot_listen(endpoint, transport, errno);
  sockaddr_storage sa;
  const socklen_t length = endpoint.to_sockaddr(sa);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&sa), length) != 0) {
    return cannot_listen(endpoint, transport, errno);
  }
  return fd;
}

Endpoint local_endpoint(int fd) {
  sockaddr_storage sa{};
  socklen_t length = sizeof sa;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&sa), &length);
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
}

// Sockets without SO_REUSEPORT find out whether the port is anyone's, and for port 0 which one is nobody's.
// They are closed before the real ones open: in that instant another process could still take or share the
// port, which the kernel offers no way to exclude. A port that was left to us is none of `others`: on another
// address it would be free, and two listeners would be one for whoever asks.
Result<Endpoint> probe(const Endpoint& wanted, const std::vector<std::uint16_t>& others) {
  std::vector<UniqueFd> taken;  // kept bound, so that the kernel does not offer the same port again
  for (int attempt = 1;; ++attempt) {
    const bool last = wanted.port != 0 || attempt == kPortAttempts;
    Endpoint tried = wanted;
    if (!last) tried.port = choose_port();
    auto udp = bind_socket(tried, Transport::udp, Sharing::exclusive);
    if (!udp) {
      if (last) return tl::unexpected(udp.error());
      continue;
    }
    const Endpoint chosen = local_endpoint(udp->get());
    const auto tcp = bind_socket(chosen, Transport::tcp, Sharing::exclusive);
    if (last && !tcp) return tl::unexpected(tcp.error());
    if (last || (tcp && std::ranges::find(others, chosen.port) == others.end())) return chosen;
    taken.push_back(std::move(*udp));
  }
}

Result<BoundSockets> open_sockets(const ListenSpec& spec, std::uint16_t index) {
  const Endpoint& endpoint = spec.endpoint;
  auto udp = bind_socket(endpoint, Transport::udp, Sharing::by_workers);
  if (!udp) return tl::unexpected(udp.error());
  auto tcp = bind_socket(endpoint, Transport::tcp, Sharing::by_workers);
  if (!tcp) return tl::unexpected(tcp.error());
  // A client that has been here before may ask in its SYN (RFC 7413, RFC 7766 §9): a query does no harm when
  // it comes twice. Where the kernel has it switched off, this fails or does nothing.
  set_option(tcp->get(), IPPROTO_TCP, TCP_FASTOPEN, kFastOpenQueue);
  // A response is complete when it is written: nothing to wait for. Connections inherit this.
  set_option(tcp->get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (::listen(tcp->get(), kTcpBacklog) != 0) return cannot_listen(endpoint, Transport::tcp, errno);
  return BoundSockets{spec, index, std::move(*udp), std::move(*tcp)};
}

}  // namespace

bool is_wildcard(const Address& address) {
  return std::ranges::all_of(address.bytes(), [](std::uint8_t octet) { return octet == 0; });
}

Result<Listeners> open_listeners(std::span<const ListenSpec> specs, std::size_t workers) {
  Listeners all;
  std::vector<std::uint16_t> ports;
  for (const ListenSpec& wanted : specs) {
    if (wanted.endpoint.port != 0) ports.push_back(wanted.endpoint.port);
  }
  // Every probe before the first real socket: 0.0.0.0 and 127.0.0.1 on one port may both be asked for.
  for (const ListenSpec& wanted : specs) {
    const auto usable = probe(wanted.endpoint, ports);
    if (!usable) return tl::unexpected(usable.error());
    if (std::ranges::find(all.endpoints, *usable) != all.endpoints.end()) {
      return fail("cannot listen on " + usable->to_string() + ": it is listed twice");
    }
    all.endpoints.push_back(*usable);
    ports.push_back(usable->port);
  }
  all.by_worker.resize(workers);
  for (auto& sockets : all.by_worker) {
    for (std::size_t i = 0; i < specs.size(); ++i) {
      auto bound = open_sockets({all.endpoints[i], specs[i].proxies}, static_cast<std::uint16_t>(i));
      if (!bound) return tl::unexpected(bound.error());
      sockets.push_back(std::move(*bound));
    }
  }
  return all;
}

Result<Listeners> open_listeners(std::span<const Endpoint> endpoints, std::size_t workers) {
  std::vector<ListenSpec> specs;
  for (const Endpoint& endpoint : endpoints) specs.push_back({endpoint, {}});
  return open_listeners(std::span<const ListenSpec>(specs), workers);
}

}  // namespace gslbd::server
