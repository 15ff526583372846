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
      port_(spec_.endpoint.port),
      is_v4_(spec_.endpoint.address.is_v4()),
      wildcard_(is_wildcard(spec_.endpoint.address)),
      proxied_(!spec_.proxies.empty()),
      handler_(handler),
      counters_(counters),
      sender_(fd_, spec_.endpoint.address, in_, counters),
      // Untouched pages cost nothing: a socket with little traffic uses the first slots alone.
      slots_(std::make_unique_for_overwrite<Slot[]>(2 * kMaxBatch)) {
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    in_data_[i] = {slots_[i].octets.data(), kMaxUdpQuerySize};
    msghdr& in = in_[i].msg_hdr;
    in.msg_name = &peers_[i];
    // The kernel writes there what it is already: all names of this socket are that long.
    in.msg_namelen = is_v4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    in.msg_iov = &in_data_[i];
    in.msg_iovlen = 1;
    in.msg_control = &controls_[i];
    in.msg_controllen = control_size();
    queries_[i].query = {slots_[i].octets.data(), 0};
    queries_[i].asker.listener = sockets.index;
    queries_[i].response = {slots_[kMaxBatch + i].octets.data(), kMaxUdpResponseSize};
  }
}

bool UdpServer::serve_batch() noexcept {
  const int received = ::recvmmsg(fd_, in_.data(), kMaxBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) {
    if (received < 0 && errno != EAGAIN && errno != EINTR) counters_.drops_of(UdpDrop::receive_error).add();
    return false;
  }
  const auto count = static_cast<unsigned>(received);
  if (proxied_) {
    answer<true>(count);
  } else {
    answer<false>(count);
  }
  sender_.send(std::span(queries_).first(count));
  // The kernel has written there how much it told us.
  if (wildcard_) {
    for (unsigned i = 0; i < count; ++i) in_[i].msg_hdr.msg_controllen = control_size();
  }
  return count == kMaxBatch;
}

// False: it was dropped, and counted.
inline bool UdpServer::usable(unsigned i) noexcept {
  if ((in_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) [[unlikely]] {
    counters_.drops_of(UdpDrop::oversize).add();
    return false;
  }
  const std::uint16_t port = ntohs(peers_[i].v4.sin_port);  // at the same place in both kinds of sockaddr
  if (port > kLastWellKnownPort && port != port_) [[likely]]
    return true;
  return is_harmless(i, port);
}

inline void UdpServer::read_source(unsigned i, Address& address) const noexcept {
  if (is_v4_) {
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(&peers_[i].v4.sin_addr);
    address.assign_v4(std::span<const std::uint8_t, 4>(octets, 4));
  } else {
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(&peers_[i].v6.sin6_addr);
    address.assign_v6(std::span<const std::uint8_t, 16>(octets, 16));
  }
}

// Counts, and answers in queries_, each query where its datagram is. One that is dropped, which is rare,
// parts the batch in two: so nothing is moved for it, and nobody has to remember what came from where.
template <bool kProxied>
void UdpServer::answer(unsigned received) noexcept {
  // Behind proxies each query counts for its client's family, else all for the socket's.
  if constexpr (!kProxied) {
    counters_.queries_of(Transport::udp, is_v4_ ? Family::v4 : Family::v6).add(received);
  }
  unsigned first = 0;
  for (unsigned i = 0; i < received; ++i) {
    BatchQuery& query = queries_[i];
    // Where it lies nobody changes but who takes a header off.
    const std::uint8_t* const at = kProxied ? slots_[i].octets.data() : query.query.data();
    query.query = {at, in_[i].msg_len};
    read_source(i, query.asker.address);
    bool taken = usable(i);
    if constexpr (kProxied) {
      taken = taken && take_header(query);
      if (taken) counters_.queries_of(Transport::udp, query.asker.address.family()).add();
    }
    if (taken) [[likely]]
      continue;
    query.length = 0;
    answer_run(first, i);
    first = i + 1;
  }
  answer_run(first, received);
}

void UdpServer::answer_run(unsigned first, unsigned last) noexcept {
  if (first != last) handler_.handle_batch(std::span(queries_).subspan(first, last - first));
}

// Whether an answer to this unusual port does no harm.
bool UdpServer::is_harmless(unsigned i, std::uint16_t port) noexcept {
  if (!answers_anything(port) && !(port == port_ && is_ourselves(i))) return true;
  counters_.drops_of(UdpDrop::bad_source).add();
  return false;
}

bool UdpServer::is_ourselves(unsigned i) noexcept {
  Address source;
  read_source(i, source);
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
bool UdpServer::take_header(BatchQuery& query) noexcept {
  if (!spec_.proxies.contains(query.asker.address)) return true;
  const ProxyHeader header = parse_proxy_header(query.query, Transport::udp);
  switch (header.state) {
    case ProxyHeader::State::proxied:
      query.asker.address = header.client.address;
      break;
    case ProxyHeader::State::local:
      break;
    case ProxyHeader::State::incomplete:
    case ProxyHeader::State::malformed:
      counters_.drops_of(UdpDrop::proxy_header).add();
      return false;
  }
  query.query = query.query.subspan(header.size);
  return true;
}

// What a wildcard socket is told beside each datagram: the address it came to.
std::size_t UdpServer::control_size() const noexcept {
  if (!wildcard_) return 0;
  return is_v4_ ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
}

}  // namespace gslbd::server
