// SPDX-License-Identifier: Apache-2.0
#include "bench/load/udp_channel.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>

#include "bench/load/die.h"

namespace gslbd::bench {
namespace {

constexpr int kBufferSize = 4 << 20;  // so that what we are too slow to read is not taken for lost

UniqueFd connected(const Endpoint& target) {
  sockaddr_storage address{};
  const socklen_t length = target.to_sockaddr(address);
  UniqueFd fd(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) die("socket");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kBufferSize, sizeof kBufferSize);
  // Answers that a server sends as one arrive as one: the kernel need not take them apart, in the server's
  // time.
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) die("UDP_GRO");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) die("connect");
  return fd;
}

}  // namespace

UdpChannel::UdpChannel(const Endpoint& target, unsigned window) : fd_(connected(target)), slots_(window) {
  for (unsigned slot = window; slot-- != 0;) {
    slots_[slot].id = static_cast<std::uint16_t>(slot);
    free_.push_back(static_cast<std::uint16_t>(slot));
  }
}

std::uint16_t UdpChannel::take(Time since) {
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.id = static_cast<std::uint16_t>(slot.id + kMaxWindow);
  slot.since = since;
  slot.waiting = true;
  return slot.id;
}

std::optional<Time> UdpChannel::settle(std::uint16_t id) {
  const unsigned number = id & (kMaxWindow - 1);
  if (number >= slots_.size()) return std::nullopt;
  Slot& slot = slots_[number];
  if (!slot.waiting || slot.id != id) return std::nullopt;
  slot.waiting = false;
  free_.push_back(static_cast<std::uint16_t>(number));
  return slot.since;
}

unsigned UdpChannel::expire(Time time) {
  unsigned expired = 0;
  for (Slot& slot : slots_) {
    if (!slot.waiting || slot.since >= time) continue;
    settle(slot.id);
    ++expired;
  }
  return expired;
}

}  // namespace gslbd::bench
