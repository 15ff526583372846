// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server/net/proxy_header.h"
#include "server/net/tcp.h"

namespace gslbd::server {

void TcpConnection::open(UniqueFd fd, const Origin& origin) {
  fd_ = std::move(fd);
  open_ = true;
  place_ = origin.place;
  asker_ = {Transport::tcp, origin.peer, origin.listener};
  watched_ = Watched::nothing;
  more_ = false;
  hung_up_ = false;
  awaits_header_ = origin.proxied;
}

void TcpConnection::close(TcpClose reason) {
  if (!std::exchange(open_, false)) return;
  server_.limits().leave(place_);
  server_.closing(*this, reason);  // before the client hears of it
  // A client that does not read would hold our responses in the kernel for minutes; one that is refused
  // should hear it as what it is. They are reset. Everyone else sees an orderly end.
  if (reason == TcpClose::slow_reader || reason == TcpClose::client_limit) {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  // The end of a client that is done is in no hurry: those of a round are closed together, while the kernel's
  // long way of doing it is in the caches. A descriptor that others wait for is free at once.
  if (reason != TcpClose::peer) fd_ = UniqueFd();
}

void TcpConnection::release() {
  fd_ = UniqueFd();
  server_.memory().give_back(pending_);
  server_.memory().give_back(backlog_);
  pending_size_ = 0;
  backlog_size_ = 0;
}

std::span<const std::uint8_t> TcpConnection::receive(std::span<std::uint8_t> slot) {
  if (blocked()) return resume();
  const bool fresh = pending_size_ == 0;
  std::uint8_t* const base = fresh ? slot.data() : pending_.octets.get();
  const std::size_t room = fresh ? kReadSize : std::min(kReadSize, pending_.capacity - pending_size_);
  const ssize_t length = ::recv(fd_.get(), base + pending_size_, room, 0);
  if (length == 0) {
    close(TcpClose::peer);
    return {};
  }
  if (length < 0) {
    if (errno != EAGAIN) close(TcpClose::error);
    return {};
  }
  more_ = std::exchange(hung_up_, false) || static_cast<std::size_t>(length) == room;
  std::span<const std::uint8_t> input{base, pending_size_ + static_cast<std::size_t>(length)};
  if (awaits_header_ && !take_header(input)) return {};
  if (input.empty()) keep(input);
  return input;
}

// The client reads again.
std::span<const std::uint8_t> TcpConnection::resume() {
  if (!send_backlog()) return {};
  server_.touch(*this);
  return {pending_.octets.get(), pending_size_};
}

// True when the header is there and taken off `input`.
bool TcpConnection::take_header(std::span<const std::uint8_t>& input) {
  const ProxyHeader header = parse_proxy_header(input, Transport::tcp);
  if (header.state == ProxyHeader::State::malformed) {
    close(TcpClose::proxy_header);
    return false;
  }
  if (header.state == ProxyHeader::State::incomplete) {
    keep(input);
    return false;
  }
  if (header.state == ProxyHeader::State::proxied) asker_.address = header.client.address;
  const auto entered = server_.limits().enter(asker_.address);
  if (!entered) {
    close(TcpClose::client_limit);
    return false;
  }
  place_ = *entered;
  awaits_header_ = false;
  input = input.subspan(header.size);
  return true;
}

void TcpConnection::send(std::span<const std::uint8_t> responses) {
  const ssize_t sent = ::send(fd_.get(), responses.data(), responses.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return close(TcpClose::error);
  const std::size_t taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  if (taken < responses.size()) queue(responses.subspan(taken));
}

void TcpConnection::queue(std::span<const std::uint8_t> responses) {
  backlog_ = server_.memory().take(responses.size());
  if (!backlog_) return close(TcpClose::memory);
  std::memcpy(backlog_.octets.get(), responses.data(), responses.size());
  backlog_size_ = backlog_end_ = responses.size();
}

// True when the client has taken all of it. Otherwise it is still blocked, or closed.
bool TcpConnection::send_backlog() {
  const std::uint8_t* const begin = backlog_.octets.get() + (backlog_end_ - backlog_size_);
  const ssize_t sent = ::send(fd_.get(), begin, backlog_size_, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    close(TcpClose::error);
    return false;
  }
  backlog_size_ -= sent > 0 ? static_cast<std::size_t>(sent) : 0;
  if (blocked()) return false;  // the kernel tells when there is room again
  server_.memory().give_back(backlog_);
  return true;
}

void TcpConnection::keep(std::span<const std::uint8_t> rest) {
  pending_size_ = rest.size();
  if (rest.empty()) return server_.memory().give_back(pending_);
  // A query that says it will be long gets room for all of it.
  const std::size_t whole = awaits_header_ ? kMaxProxyHeaderSize : frame_size(rest);
  const std::size_t needed = std::max(whole, rest.size());
  // What was long and is no more gives its large buffer back.
  const bool too_large = pending_.capacity > TcpMemory::kSmall && needed <= TcpMemory::kSmall;
  if (needed <= pending_.capacity && !too_large) {
    if (rest.data() != pending_.octets.get()) std::memmove(pending_.octets.get(), rest.data(), rest.size());
    return;
  }
  TcpBuffer other = server_.memory().take(needed);
  if (!other) return close(TcpClose::memory);
  std::memcpy(other.octets.get(), rest.data(), rest.size());
  server_.memory().give_back(pending_);
  pending_ = std::move(other);
}

void TcpConnection::on_events(std::uint32_t events) noexcept {
  hung_up_ = hung_up_ || (events & EPOLLRDHUP) != 0;
  if (!std::exchange(queued_, true)) server_.ready(*this);
}

// Arming tells at once what is there already, also what came while nothing was watched.
void TcpConnection::watch() {
  const Watched wanted = blocked() ? Watched::room : Watched::input;
  if (wanted == watched_ && !(more_ && wanted == Watched::input)) return;
  const std::uint32_t events = EPOLLET | (wanted == Watched::room ? EPOLLOUT : EPOLLIN | EPOLLRDHUP);
  const bool done = watched_ == Watched::nothing ? server_.poller().add(fd_.get(), events, *this)
                                                 : server_.poller().modify(fd_.get(), events, *this);
  if (!done) return close(TcpClose::error);
  watched_ = wanted;
  more_ = false;
}

}  // namespace gslbd::server
