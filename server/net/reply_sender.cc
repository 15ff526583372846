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

// Of a peer's address and port.
std::uint64_t tag_of_v4(const msghdr& query) noexcept {
  static_assert(offsetof(sockaddr_in, sin_addr) + sizeof(in_addr) == sizeof(std::uint64_t));
  return load<std::uint64_t>(query.msg_name);  // family, port and address
}

std::uint64_t tag_of_v6(const msghdr& query) noexcept {
  const auto* const peer = static_cast<const std::byte*>(query.msg_name);
  const auto start = load<std::uint64_t>(peer);  // family, port, flow
  const auto high = load<std::uint64_t>(peer + offsetof(sockaddr_in6, sin6_addr));
  const auto low = load<std::uint64_t>(peer + offsetof(sockaddr_in6, sin6_addr) + sizeof high);
  return start ^ std::rotl(high, 16) ^ std::rotl(low, 32);
}

// Turns "came to this address over this interface", as received, into "send from this address", in place. The
// interface is left to the routing table, but for link-local addresses, which mean nothing without it.
void reply_from_destination(const msghdr& query, msghdr& reply) noexcept {
  reply.msg_control = query.msg_control;
  reply.msg_controllen = query.msg_controllen;
  cmsghdr* const control = CMSG_FIRSTHDR(&query);
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

}  // namespace

SegmentControl::SegmentControl() noexcept {
  auto* const control = reinterpret_cast<cmsghdr*>(bytes_.data());
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
}

inline void SegmentControl::set(msghdr& message, std::size_t size) noexcept {
  const auto size16 = static_cast<std::uint16_t>(size);
  std::memcpy(bytes_.data() + CMSG_LEN(0), &size16, sizeof size16);
  message.msg_control = bytes_.data();
  message.msg_controllen = kOwnSize;
}

inline void SegmentControl::add(msghdr& message, std::size_t size) noexcept {
  const std::size_t before = message.msg_controllen;
  std::memcpy(bytes_.data() + kOwnSize, message.msg_control, before);
  set(message, size);
  message.msg_controllen += before;
}

inline void SegmentControl::remove(msghdr& message) noexcept {
  message.msg_control = static_cast<std::byte*>(message.msg_control) + kOwnSize;
  message.msg_controllen -= kOwnSize;
}

ReplySender::ReplySender(int fd, const Address& ours, std::span<const mmsghdr> received,
                         NetCounters& counters) noexcept
    : fd_(fd),
      is_v4_(ours.is_v4()),
      wildcard_(is_wildcard(ours)),
      received_(received),
      kernel_cuts_(knows_segments(fd)),
      counters_(counters) {
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    const socklen_t length = is_v4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    separate_[i].msg_hdr.msg_namelen = together_[i].msg_hdr.msg_namelen = length;
    separate_[i].msg_hdr.msg_iov = &replies_[i];
    separate_[i].msg_hdr.msg_iovlen = 1;
  }
}

void ReplySender::send(std::span<const BatchQuery> batch) noexcept {
  const auto same = [this](const msghdr& a, const msghdr& b) { return same_peer(a, b); };
  if (!is_v4_) {
    find_groups(batch, tag_of_v6, same);
  } else if (wildcard_) {
    find_groups(batch, tag_of_v4, same);
  } else {
    find_groups(batch, tag_of_v4, [](const msghdr&, const msghdr&) { return true; });
  }
  send(groups_.any_together() && may_group() ? together(batch) : separately(batch));
}

// Peers whose tags differ differ; of others `same_peer` decides.
template <class TagOf, class SamePeer>
inline void ReplySender::find_groups(std::span<const BatchQuery> batch, TagOf tag_of,
                                     SamePeer same_peer) noexcept {
  const mmsghdr* const received = received_.data();
  groups_.clear();
  for (std::size_t k = 0; k < batch.size(); ++k) {
    const std::size_t size = batch[k].length;
    if (size - 1 >= kMaxSegment) [[unlikely]] {
      if (size != 0) groups_.add_alone(k, size);
      continue;
    }
    const msghdr& query = received[k].msg_hdr;
    groups_.add(k, tag_of(query), size, [&](std::size_t n) { return same_peer(received[n].msg_hdr, query); });
  }
}

// Of equal tags, which say all of an IPv4 peer. The same address and port, for link-local ones the same
// interface, and where the socket has several addresses, which shows in control data, the same one of them.
bool ReplySender::same_peer(const msghdr& a, const msghdr& b) const noexcept {
  if (!is_v4_ && std::memcmp(a.msg_name, b.msg_name, sizeof(sockaddr_in6)) != 0) return false;
  if (b.msg_controllen == 0) return true;
  return a.msg_controllen == b.msg_controllen && our_address(a, is_v4_) == our_address(b, is_v4_);
}

// False while the socket rests from refusals.
bool ReplySender::may_group() noexcept {
  if (resting_ == 0) return kernel_cuts_;
  --resting_;
  return false;
}

// A message for each reply.
std::span<mmsghdr> ReplySender::separately(std::span<const BatchQuery> batch) noexcept {
  const bool wildcard = wildcard_;
  const mmsghdr* query = received_.data();
  mmsghdr* message = separate_.data();
  iovec* data = replies_.data();
  for (const BatchQuery& each : batch) {
    if (each.length != 0) [[likely]] {
      message->msg_hdr.msg_name = query->msg_hdr.msg_name;
      if (wildcard) reply_from_destination(query->msg_hdr, message->msg_hdr);
      *data = {each.response.data(), each.length};
      ++message;
      ++data;
    }
    ++query;
  }
  return {separate_.data(), message};
}

// A message for each group. What it says beside its data is what its first reply would say.
std::span<mmsghdr> ReplySender::together(std::span<const BatchQuery> batch) noexcept {
  const bool wildcard = wildcard_;
  const mmsghdr* const received = received_.data();
  mmsghdr* message = together_.data();
  SegmentControl* cut = cut_.data();
  iovec* begin = replies_.data();
  iovec* end = begin;
  const auto take = [&](std::size_t k, std::size_t size) { *end++ = {batch[k].response.data(), size}; };
  const auto close = [&](std::size_t first, std::size_t size) {
    msghdr& out = message++->msg_hdr;
    const msghdr& query = received[first].msg_hdr;
    out.msg_name = query.msg_name;
    out.msg_iov = begin;
    out.msg_iovlen = static_cast<std::size_t>(end - begin);
    if (wildcard) {
      reply_from_destination(query, out);
      if (out.msg_iovlen > 1) cut->add(out, size);
    } else if (out.msg_iovlen > 1) {
      cut->set(out, size);
    } else {
      out.msg_controllen = 0;
    }
    ++cut;
    begin = end;
  };
  groups_.arrange(take, close);
  return {together_.data(), message};
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
  SegmentControl::remove(alone);
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
