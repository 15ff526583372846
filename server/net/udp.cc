// SPDX-License-Identifier: Apache-2.0
#include "server/net/udp.h"

#include <cerrno>
#include <cstring>

#include "server/net/listener.h"

namespace gslbd::server {

UdpServer::UdpServer(int fd, const Address& local, QueryHandler& handler, NetCounters& counters)
    : fd_(fd),
      is_v4_(local.is_v4()),
      wildcard_(is_wildcard(local)),
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
  counters_.queries_of(Transport::udp, is_v4_ ? Family::v4 : Family::v6).add(count);
  if (const unsigned replies = answer(count); replies != 0) send(replies);
  return count == kBatch;
}

// Stages the replies in out_[0..result). Resets what the kernel changed in the headers it has used.
unsigned UdpServer::answer(unsigned received) noexcept {
  Asker asker{Transport::udp, {}};
  unsigned staged = 0;
  for (unsigned i = 0; i < received; ++i) {
    msghdr& in = in_[i].msg_hdr;
    std::size_t length = 0;
    if ((in.msg_flags & MSG_TRUNC) != 0) [[unlikely]] {
      counters_.drops_of(UdpDrop::oversize).add();
    } else {
      asker.address = address_of(peers_[i]);
      length = handler_.handle({query(i), in_[i].msg_len}, asker, {response(staged), kMaxUdpResponseSize});
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
