// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tcp_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gslbd::bench {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;

// A client address for a server on the IPv4 loopback: 127.64.0.0/10 has as many as we like. Otherwise the
// kernel chooses.
bool bind_source(int fd, const Endpoint& target, std::uint32_t source) {
  if (!target.address.is_v4() || target.address.bytes()[0] != 127) return true;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7F400001 + (source & 0xFFFF));
  const int on = 1;  // the port is chosen when connecting, so that it need only differ to one peer
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

bool TcpConnection::connect(const Endpoint& target, std::uint32_t source) {
  close();
  sockaddr_storage address{};
  const socklen_t length = target.to_sockaddr(address);
  connected_at_ = now();
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || !bind_source(fd.get(), target, source)) return false;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 && errno != EINPROGRESS) {
    return false;
  }
  fd_ = std::move(fd);
  state_ = State::connecting;
  return true;
}

void TcpConnection::close() {
  fd_ = UniqueFd();
  state_ = State::closed;
  waiting_ = sent_ = answered_ = 0;
  std::ranges::fill(slots_, kFree);
  rest_.clear();
}

bool TcpConnection::overdue(Time before) const {
  if (state_ == State::connecting) return connected_at_ < before;
  return waiting_ != 0 && std::ranges::min(slots_) < before;
}

int TcpConnection::send(Queries& queries, std::uint64_t limit, Time at) {
  static std::array<std::uint8_t, kMaxOutstanding*(2 + kMaxQuerySize)> octets;
  std::array<std::size_t, kMaxOutstanding> staged;
  std::size_t length = 0, count = 0;
  for (std::size_t slot = 0; slot < slots_.size() && sent_ + count < limit; ++slot) {
    if (slots_[slot] != kFree) continue;
    length += stage(queries, slot, &octets[length], sent_ == 0 ? connected_at_ : at);
    staged[count++] = slot;
  }
  if (count == 0) return 0;
  const ssize_t written = ::send(fd_.get(), octets.data(), length, MSG_NOSIGNAL);
  if (written == static_cast<ssize_t>(length)) {
    state_ = State::open;
    sent_ += static_cast<unsigned>(count);
    waiting_ += static_cast<unsigned>(count);
    return static_cast<int>(count);
  }
  // What is on the way is bounded and small: a server that does not take it has stopped reading.
  for (std::size_t i = 0; i < count; ++i) slots_[staged[i]] = kFree;
  return written < 0 && errno == EAGAIN && state_ == State::connecting ? 0 : -1;
}

// A message with its length before it (RFC 1035 §4.2.2); how long both are.
std::size_t TcpConnection::stage(Queries& queries, std::size_t slot, std::uint8_t* place, Time since) {
  const Queries::Message query = queries.next();
  place[0] = static_cast<std::uint8_t>(query.size() >> 8);
  place[1] = static_cast<std::uint8_t>(query.size());
  std::memcpy(place + 2, query.data(), query.size());
  place[2] = static_cast<std::uint8_t>(slot >> 8);
  place[3] = static_cast<std::uint8_t>(slot);
  slots_[slot] = since;
  return 2 + query.size();
}

bool TcpConnection::receive(Tally& tally) {
  static std::array<std::uint8_t, kReadSize> octets;
  std::ranges::copy(rest_, octets.begin());
  const ssize_t received = ::recv(fd_.get(), &octets[rest_.size()], octets.size() - rest_.size(), 0);
  if (received < 0) return errno == EAGAIN || errno == EINTR;
  if (received == 0) return false;
  const Time at = now();
  std::span<const std::uint8_t> left(octets.data(), rest_.size() + static_cast<std::size_t>(received));
  while (left.size() >= 2) {
    const std::size_t length = std::size_t{left[0]} << 8 | left[1];
    if (left.size() - 2 < length) break;
    take(left.subspan(2, length), tally, at);
    left = left.subspan(2 + length);
  }
  rest_.assign(left.begin(), left.end());
  return true;
}

void TcpConnection::take(std::span<const std::uint8_t> message, Tally& tally, Time at) {
  const std::size_t slot =
      Tally::is_answer(message) ? std::size_t{message[0]} << 8 | message[1] : slots_.size();
  if (slot >= slots_.size() || slots_[slot] == kFree) {
    ++tally.stray;
    return;
  }
  tally.add_answer(message, slots_[slot], at);
  slots_[slot] = kFree;
  --waiting_;
  ++answered_;
}

}  // namespace gslbd::bench
