// SPDX-License-Identifier: Apache-2.0
#include "health/http/tunnel.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>

namespace gslbd::health {
namespace {

constexpr int kReadsPerTurn = 4;  // as a stream's

}  // namespace

void Tunnel::open(const Endpoint& peer) {
  close();
  failure_.reset();
  stream_.open(peer);
}

int Tunnel::library_end(sockaddr& address, unsigned& length) const {
  socklen_t known = sizeof address;  // the names that the kernel chooses are shorter
  if (getsockname(listener_, &address, &known) != 0) return -1;
  length = known;
  return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void Tunnel::close() {
  stream_.close();
  if (local_token_ != 0) sockets_.remove(std::exchange(local_token_, 0));
  for (int* end : {&our_end_, &listener_}) {
    if (*end >= 0) ::close(std::exchange(*end, -1));
  }
  input_over_ = false;
  received_ = 0;
  waiting_.clear();
}

void Tunnel::stream_opened() {
  if (!listen_for_library()) return stream_failed(outcome_of_errno(errno));
  owner_.tunnel_opened();
}

bool Tunnel::listen_for_library() {
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener_ < 0) return false;
  const sockaddr unnamed{AF_UNIX, {}};  // unix(7), "autobind": a name outside of any file system
  if (bind(listener_, &unnamed, sizeof unnamed.sa_family) != 0 || listen(listener_, 1) != 0) return false;
  local_token_ = sockets_.add(listener_, *this, false);
  return local_token_ != 0;
}

void Tunnel::let_in() {
  const int end = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (end < 0) return turn_away(errno);
  ucred who{};
  socklen_t length = sizeof who;
  if (getsockopt(end, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 || who.pid != getpid()) {
    ::close(end);
    return sockets_.rearm(listener_, local_token_);
  }
  sockets_.remove(local_token_);
  ::close(std::exchange(listener_, -1));
  our_end_ = end;
  local_token_ = sockets_.add(our_end_, *this);
  if (local_token_ == 0) fail({Reason::resources, "the event loop cannot watch another socket"});
}

/// libcurl, which believes to be connected, cannot be let in. Its end is reset with the listener.
void Tunnel::turn_away(int error) {
  if (error == EAGAIN || error == EINTR || error == ECONNABORTED) {
    return sockets_.rearm(listener_, local_token_);
  }
  sockets_.remove(std::exchange(local_token_, 0));
  ::close(std::exchange(listener_, -1));
  fail(outcome_of_errno(error));
}

void Tunnel::stream_received(std::string_view data) {
  received_ += data.size();
  if (received_ > kMostReceived) {
    return fail({Reason::protocol,
                 fmt::format("{} KiB came, and there is no end of the answer", kMostReceived / 1024)});
  }
  waiting_ += data;
  hand_over();
}

void Tunnel::stream_ended() {
  input_over_ = true;
  hand_over();
}

void Tunnel::stream_failed(Outcome outcome) {
  if (is_open()) return fail(std::move(outcome));
  TunnelOwner& owner = owner_;
  close();
  owner.tunnel_failed(std::move(outcome));
}

// Not close(): libcurl still reads what came before, and then comes to its end.
void Tunnel::fail(Outcome outcome) {
  failure_ = std::move(outcome);
  stream_.close();
  stream_ended();
}

void Tunnel::socket_ready(std::uint32_t events) {
  if (our_end_ < 0) return let_in();
  if ((events & EPOLLOUT) != 0) hand_over();
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) carry_out();
}

/// What the peer said, to libcurl.
void Tunnel::hand_over() {
  if (our_end_ < 0) return;
  while (!waiting_.empty()) {
    const ssize_t sent = send(our_end_, waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return sockets_.rearm(our_end_, local_token_);
    if (sent < 0) return waiting_.clear();  // libcurl has closed its end: the request is over
    waiting_.erase(0, static_cast<std::size_t>(sent));
  }
  if (input_over_) (void)shutdown(our_end_, SHUT_WR);
}

/// What libcurl says, to the peer.
void Tunnel::carry_out() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const std::span<char> buffer = sockets_.input_buffer();
    const ssize_t got = recv(our_end_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    stream_.write({buffer.data(), static_cast<std::size_t>(got)});
  }
  sockets_.rearm(our_end_, local_token_);
}

}  // namespace gslbd::health
