// SPDX-License-Identifier: Apache-2.0
#include "server/net/reply_sender.h"

#include <netinet/udp.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "server/net/listener.h"

namespace gslbd::server {
namespace {

// Refusals in a row after which replies go one by one, and for how many batches: a refusal costs a system
// call and a message built in vain, which that makes rare, and routes change, so it is not for ever.
constexpr unsigned kRefusalsInARow = 16;
constexpr unsigned kRestingBatches = 1 << 16;
constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

// Linux 4.18 and later.
bool knows_segments(int fd) noexcept {
  int size = 0;
  socklen_t length = sizeof size;
  return ::getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &length) == 0;
}

bool no_room(int error) noexcept {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

template <class T>
T load(const void* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Turns "came to this address over this interface", as received, into "send from this address", in place. The
// interface is left to the routing table, but for link-local addresses, which mean nothing without it.
void reply_from_destination(const msghdr& message) noexcept {
  cmsghdr* const control = CMSG_FIRSTHDR(&message);
  if (control == nullptr) return;
  if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
    reinterpret_cast<in_pktinfo*>(CMSG_DATA(control))->ipi_ifindex = 0;
  } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
    auto* const info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(control));
    if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
  }
}

// Which of our addresses a message is from, as its control data says.
std::array<std::uint64_t, 2> our_address(const msghdr& message, bool is_v4) noexcept {
  const auto* const info = static_cast<const std::byte*>(message.msg_control) + CMSG_LEN(0);
  if (is_v4) return {load<std::uint32_t>(info + offsetof(in_pktinfo, ipi_spec_dst)), 0};
  return load<std::array<std::uint64_t, 2>>(info + offsetof(in6_pktinfo, ipi6_addr));
}

// The data of messages that follow each other lies so, too.
std::size_t replies_in(std::span<const mmsghdr> messages) noexcept {
  const msghdr& last = messages.back().msg_hdr;
  return static_cast<std::size_t>(last.msg_iov + last.msg_iovlen - messages.front().msg_hdr.msg_iov);
}

// Behind the address we send from, if it is said.
void set_segment_size(msghdr& message, std::uint16_t size) noexcept {
  auto* const control =
      reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(message.msg_control) + message.msg_controllen);
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof size);
  std::memcpy(CMSG_DATA(control), &size, sizeof size);
  message.msg_controllen += CMSG_SPACE(sizeof size);
}

}  // namespace

ReplySender::ReplySender(int fd, const Address& ours, std::span<const mmsghdr> received,
                         NetCounters& counters) noexcept
    : fd_(fd),
      is_v4_(ours.is_v4()),
      wildcard_(is_wildcard(ours)),
      received_(received),
      kernel_cuts_(knows_segments(fd)),
      counters_(counters) {
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    alone_[i].msg_hdr.msg_namelen = is_v4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    alone_[i].msg_hdr.msg_iov = &replies_[i];
    alone_[i].msg_hdr.msg_iovlen = 1;
  }
}

// Of a peer's address and port.
inline std::uint64_t ReplySender::tag_of(const msghdr& query) const noexcept {
  const auto* const peer = static_cast<const std::byte*>(query.msg_name);
  const auto start = load<std::uint64_t>(peer);  // family, port, and the address if it is IPv4
  if (is_v4_) return start;
  static_assert(offsetof(sockaddr_in, sin_addr) + sizeof(in_addr) == sizeof start);
  const auto high = load<std::uint64_t>(peer + offsetof(sockaddr_in6, sin6_addr));
  const auto low = load<std::uint64_t>(peer + offsetof(sockaddr_in6, sin6_addr) + sizeof high);
  return start ^ std::rotl(high, 16) ^ std::rotl(low, 32);
}

// Of equal tags, which say all of an IPv4 peer. The same address and port, for link-local ones the same
// interface, and where the socket has several addresses, which shows in control data, the same one of them.
inline bool ReplySender::same_peer(const msghdr& a, const msghdr& b) const noexcept {
  if (!is_v4_ && std::memcmp(a.msg_name, b.msg_name, sizeof(sockaddr_in6)) != 0) return false;
  if (b.msg_controllen == 0) return true;
  return a.msg_controllen == b.msg_controllen && our_address(a, is_v4_) == our_address(b, is_v4_);
}

// Laid out as if every query had a reply, and none left together with another: so it nearly always is.
void ReplySender::send(std::span<const BatchQuery> batch) noexcept {
  bool gaps = false;
  bool peers_repeat = false;
  peers_.clear();
  for (std::size_t k = 0; k < batch.size(); ++k) {
    replies_[k] = {batch[k].response.data(), batch[k].length};
    msghdr& out = alone_[k].msg_hdr;
    out.msg_name = received_[k].msg_hdr.msg_name;
    gaps = gaps || batch[k].length == 0;
    peers_repeat = peers_repeat || !peers_.add(tag_of(out));
  }
  if (wildcard_ || peers_repeat) set_controls(batch.size());
  const std::size_t replies = gaps ? close_gaps(batch.size()) : batch.size();
  const std::span<mmsghdr> alone(alone_.data(), replies);
  send(peers_repeat && may_group() ? group(alone) : alone);
}

// What goes with replies from a certain address, and with those that leave together.
void ReplySender::set_controls(std::size_t replies) noexcept {
  for (std::size_t k = 0; k < replies; ++k) {
    msghdr& out = alone_[k].msg_hdr;
    out.msg_control = received_[k].msg_hdr.msg_control;
    out.msg_controllen = received_[k].msg_hdr.msg_controllen;
    if (out.msg_controllen != 0) reply_from_destination(out);
  }
}

// Where there is no reply, the next one takes the place. Returns how many there are.
std::size_t ReplySender::close_gaps(std::size_t replies) noexcept {
  std::size_t kept = 0;
  for (std::size_t k = 0; k < replies; ++k) {
    if (replies_[k].iov_len == 0) continue;
    const msghdr& from = alone_[k].msg_hdr;
    msghdr& to = alone_[kept].msg_hdr;
    to.msg_name = from.msg_name;
    to.msg_control = from.msg_control;
    to.msg_controllen = from.msg_controllen;
    replies_[kept++] = replies_[k];
  }
  return kept;
}

// False while the socket rests from refusals.
bool ReplySender::may_group() noexcept {
  if (resting_ == 0) return kernel_cuts_;
  --resting_;
  return false;
}

// A message for each group. What it says beside its data is what its first reply would say.
std::span<mmsghdr> ReplySender::group(std::span<mmsghdr> alone) noexcept {
  groups_.clear();
  for (const mmsghdr& message : alone) {
    const msghdr& reply = message.msg_hdr;
    if (reply.msg_iov->iov_len > kMaxSegment) {
      groups_.add_alone(reply.msg_iov->iov_len);
      continue;
    }
    groups_.add(tag_of(reply), reply.msg_iov->iov_len,
                [&](unsigned earlier) { return same_peer(alone[earlier].msg_hdr, reply); });
  }
  if (!groups_.any_together()) return alone;
  const auto groups = groups_.arrange();
  const auto order = groups_.order();
  for (std::size_t i = 0; i < order.size(); ++i) regrouped_[i] = replies_[order[i]];
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const ReplyGroup& group = groups[i];
    msghdr& message = together_[i].msg_hdr;
    message = alone[order[group.first]].msg_hdr;
    message.msg_iov = &regrouped_[group.first];
    message.msg_iovlen = group.count;
    if (group.count > 1) set_segment_size(message, group.size);
  }
  return {together_.data(), groups.size()};
}

void ReplySender::send(std::span<mmsghdr> messages) noexcept {
  while (!messages.empty()) {
    const int result = ::sendmmsg(fd_, messages.data(), static_cast<unsigned>(messages.size()), kFlags);
    if (result > 0) {
      const auto sent = static_cast<std::size_t>(result);
      note_sent(replies_in(messages.first(sent)), sent);
      messages = messages.subspan(sent);
    } else if (no_room(errno)) {
      counters_.drops_of(UdpDrop::send_buffer).add(replies_in(messages));
      return;
    } else if (errno != EINTR) {
      // The first of the rest is the one refused; those behind it may still go.
      give_up(messages.front().msg_hdr);
      messages = messages.subspan(1);
    }
  }
}

void ReplySender::note_sent(std::size_t replies, std::size_t messages) noexcept {
  if (replies == messages) return;  // none were together
  counters_.udp_coalesced.add(replies - messages);
  refusals_ = 0;
}

// What to do about a message that the kernel has refused.
void ReplySender::give_up(const msghdr& refused) noexcept {
  if (refused.msg_iovlen == 1) {
    counters_.drops_of(UdpDrop::send_error).add();
    return;
  }
  if (!send_separately(refused)) return;
  counters_.udp_refused_together.add();
  if (++refusals_ == kRefusalsInARow) {
    refusals_ = 0;
    resting_ = kRestingBatches;
  }
}

// True if a reply of the group was taken when alone: then being together was at fault.
bool ReplySender::send_separately(const msghdr& group) noexcept {
  bool any_sent = false;
  msghdr alone = group;
  alone.msg_iovlen = 1;
  alone.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));
  for (std::size_t i = 0; i < group.msg_iovlen; ++i, ++alone.msg_iov) {
    if (::sendmsg(fd_, &alone, kFlags) >= 0) {
      any_sent = true;
    } else {
      counters_.drops_of(no_room(errno) ? UdpDrop::send_buffer : UdpDrop::send_error).add();
    }
  }
  return any_sent;
}

}  // namespace gslbd::server
