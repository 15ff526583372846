// SPDX-License-Identifier: Apache-2.0
#include "health/hold/held_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "health/outcome.h"

namespace gslbd::health {
namespace {

constexpr int kChunksPerTurn = 4;
constexpr std::size_t kFlood = std::size_t{1024} * 1024;  // no greeting is that long
constexpr int kBetweenKeepAlives_s = 1;
constexpr int kKeepAlives = 2;

void set_option(int socket, int level, int name, int value) {
  (void)setsockopt(socket, level, name, &value, sizeof value);
}

// A peer that has been silent is asked once a second; two questions without an answer end the connection.
void keep_alive(int socket, Duration quiet) {
  const auto idle_s = static_cast<int>(
      std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(quiet).count(), 1, 60));
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kBetweenKeepAlives_s);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAlives);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (idle_s + kKeepAlives * kBetweenKeepAlives_s) * 1000);
}

std::string why_of(int error) {
  return error == ETIMEDOUT ? "no answer to keep-alives" : outcome_of_errno(error).detail;
}

int pending_error(int socket) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

bool HeldConnection::connect(const Peer& peer) {
  close();
  sockaddr_storage storage{};
  const socklen_t length = peer.endpoint.to_sockaddr(storage);
  socket_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  keep_alive(socket_, peer.quiet);
  const bool begun =
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&storage), length) == 0 || errno == EINPROGRESS;
  if (begun) token_ = sockets_.add(socket_, *this);
  if (token_ != 0) return true;
  close();
  return false;
}

void HeldConnection::close() {
  if (token_ != 0) sockets_.remove(token_);
  token_ = 0;
  if (socket_ >= 0) {
    const linger reset_on_close{1, 0};  // nothing was said, so nothing can be lost
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
    ::close(socket_);
  }
  socket_ = -1;
  connected_ = false;
  discarded_ = 0;
}

void HeldConnection::end(End end, const std::string& why) {
  Events& events = events_;
  close();
  events.held_ended(end, why);
}

void HeldConnection::socket_ready(std::uint32_t events) {
  if (!connected_) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && pending_error(socket_) != 0) {
      Events& user = events_;
      close();
      return user.held_failed();
    }
    connected_ = true;
    events_.held_connected();
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) discard_input();
}

void HeldConnection::discard_input() {
  for (int i = 0; i < kChunksPerTurn; ++i) {
    const std::span<char> scratch = sockets_.input_buffer();
    const ssize_t got = recv(socket_, scratch.data(), scratch.size(), 0);
    if (got == 0) return end(End::closed, "closed by the peer");
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0 && errno != EINTR) return end(End::broken, why_of(errno));
    if (got > 0) discarded_ += static_cast<std::size_t>(got);
    if (discarded_ > kFlood) return end(End::flooded, "the peer sends without end");
  }
  sockets_.rearm(socket_, token_);
}

}  // namespace gslbd::health
