// SPDX-License-Identifier: Apache-2.0
#include "server/net/udp.h"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "server/net/proxy_header.h"

namespace gslbd::server {
namespace {

constexpr std::uint16_t kLastWellKnownPort = 1023;

// UDP services that answer whatever they get with something that may pass for a query, and 0, to which
// nothing can be sent. RFC 862, 867, 865, 864, 868 and the Kerberos password service, which answers errors
// with errors.
bool answers_anything(std::uint16_t port) noexcept {
  switch (port) {
    case 0:
    case 7:    // echo
    case 13:   // daytime
    case 17:   // quote of the day
    case 19:   // character generator
    case 37:   // time
    case 464:  // kpasswd
      return true;
    default:
      return false;
  }
}

}  // namespace

UdpServer::UdpServer(const BoundSockets& sockets, QueryHandler& handler, NetCounters& counters)
    : fd_(sockets.udp.get()),
      spec_(sockets.spec),
      index_(sockets.index),
      is_v4_(spec_.endpoint.address.is_v4()),
      wildcard_(is_wildcard(spec_.endpoint.address)),
      proxied_(!spec_.proxies.empty()),
      handler_(handler),
      counters_(counters),
      // Untouched pages cost nothing: a socket with little traffic uses the first slots alone.
      buffers_(std::make_unique_for_overwrite<std::uint8_t[]>(2 * kBatch * kStride)) {
  for (unsigned i = 0; i < kBatch; ++i) {
    in_data_[i] = {query(i), kMaxUdpQuerySize};
    out_data_[i] = {response(i), 0};
    msghdr& in = in_[i].msg_hdr;
    in.msg_name = &peers_[i];
    in.msg_namelen = sizeof(Peer);
    in.msg_iov = &in_data_[i];
    in.msg_iovlen = 1;
    if (wildcard_) {
      in.msg_control = &controls_[i];
      in.msg_controllen = sizeof(Control);
    }
    msghdr& out = out_[i].msg_hdr;
    out.msg_namelen = is_v4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    out.msg_iov = &out_data_[i];
    out.msg_iovlen = 1;
  }
}

bool UdpServer::serve_batch() noexcept {
  const int received = ::recvmmsg(fd_, in_.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) {
    if (received < 0 && errno != EAGAIN && errno != EINTR) counters_.drops_of(UdpDrop::receive_error).add();
    return false;
  }
  const auto count = static_cast<unsigned>(received);
  const unsigned replies = proxied_ ? answer<true>(count) : answer<false>(count);
  if (replies != 0) send(replies);
  return count == kBatch;
}

// Stages the replies in out_[0..result). Resets what the kernel changed in the headers it has used.
template <bool kProxied>
unsigned UdpServer::answer(unsigned received) noexcept {
  Asker asker{Transport::udp, {}, index_};
  unsigned staged = 0;
  // Behind proxies each query counts for its client's family, else all for the socket's.
  if constexpr (!kProxied) {
    counters_.queries_of(Transport::udp, is_v4_ ? Family::v4 : Family::v6).add(received);
  }
  for (unsigned i = 0; i < received; ++i) {
    msghdr& in = in_[i].msg_hdr;
    std::size_t length = 0;
    if (usable(i)) [[likely]] {
      std::span<const std::uint8_t> octets{query(i), in_[i].msg_len};
      asker.address = address_of(peers_[i]);
      if (!kProxied || take_header(octets, asker)) {
        if constexpr (kProxied) counters_.queries_of(Transport::udp, asker.address.family()).add();
        length = handler_.handle(octets, asker, {response(staged), kMaxUdpResponseSize});
      }
    }
    if (length != 0) {
      msghdr& out = out_[staged].msg_hdr;
      out.msg_name = &peers_[i];
      out_data_[staged].iov_len = length;
      if (wildcard_) {
        reply_from_destination(in);
        out.msg_control = in.msg_control;
        out.msg_controllen = in.msg_controllen;
      }
      ++staged;
    }
    in.msg_namelen = sizeof(Peer);
    if (wildcard_) in.msg_controllen = sizeof(Control);
  }
  return staged;
}

// False: it was dropped, and counted.
bool UdpServer::usable(unsigned i) noexcept {
  if ((in_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) [[unlikely]] {
    counters_.drops_of(UdpDrop::oversize).add();
    return false;
  }
  const std::uint16_t port = ntohs(peers_[i].v4.sin_port);  // at the same place in both kinds of sockaddr
  if (port > kLastWellKnownPort && port != spec_.endpoint.port) [[likely]]
    return true;
  if (!answers_anything(port) && !(port == spec_.endpoint.port && is_ourselves(i))) return true;
  counters_.drops_of(UdpDrop::bad_source).add();
  return false;
}

bool UdpServer::is_ourselves(unsigned i) noexcept {
  const Address source = address_of(peers_[i]);
  if (!wildcard_) return source == spec_.endpoint.address;
  const cmsghdr* const control = CMSG_FIRSTHDR(&in_[i].msg_hdr);
  if (control == nullptr) return false;
  const bool v4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO;
  const bool v6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO;
  const auto* const info = CMSG_DATA(control);
  const auto octets = source.bytes();
  if (v4 && is_v4_) return std::memcmp(info + offsetof(in_pktinfo, ipi_addr), octets.data(), 4) == 0;
  return v6 && !is_v4_ && std::memcmp(info + offsetof(in6_pktinfo, ipi6_addr), octets.data(), 16) == 0;
}

// What a proxy sends loses its header and gets its client as asker. False: it was dropped, and counted.
bool UdpServer::take_header(std::span<const std::uint8_t>& query, Asker& asker) noexcept {
  if (!spec_.proxies.contains(asker.address)) return true;
  const ProxyHeader header = parse_proxy_header(query, Transport::udp);
  switch (header.state) {
    case ProxyHeader::State::proxied:
      asker.address = header.client.address;
      break;
    case ProxyHeader::State::local:
      break;
    case ProxyHeader::State::incomplete:
    case ProxyHeader::State::malformed:
      counters_.drops_of(UdpDrop::proxy_header).add();
      return false;
  }
  query = query.subspan(header.size);
  return true;
}

void UdpServer::send(unsigned count) noexcept {
  unsigned done = 0;
  while (done < count) {
    const int sent = ::sendmmsg(fd_, &out_[done], count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
    } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
      counters_.drops_of(UdpDrop::send_buffer).add(count - done);
      return;
    } else if (errno != EINTR) {
      // The first of the rest is the one refused; those behind it may still go.
      counters_.drops_of(UdpDrop::send_error).add();
      ++done;
    }
  }
}

Address UdpServer::address_of(const Peer& peer) const noexcept {
  if (is_v4_) {
    return Address::from_v4(
        std::span<const std::uint8_t, 4>(reinterpret_cast<const std::uint8_t*>(&peer.v4.sin_addr), 4));
  }
  return Address::from_v6(
      std::span<const std::uint8_t, 16>(reinterpret_cast<const std::uint8_t*>(&peer.v6.sin6_addr), 16));
}

// Turns "came to this address over this interface", as received, into "send from this address", in place. The
// interface is left to the routing table, but for link-local addresses, which mean nothing without it.
void UdpServer::reply_from_destination(msghdr& message) const noexcept {
  cmsghdr* const control = CMSG_FIRSTHDR(&message);
  if (control == nullptr) return;
  if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
    reinterpret_cast<in_pktinfo*>(CMSG_DATA(control))->ipi_ifindex = 0;
  } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
    auto* const info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(control));
    if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
  }
}

}  // namespace gslbd::server
