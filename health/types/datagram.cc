// SPDX-License-Identifier: Apache-2.0
#include "health/types/datagram.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace gslbd::health {
namespace {

// Without this the kernel tells a UDP socket of closed ports only, and keeps "no route" to itself.
void hear_all_errors(int socket, Family family) {
  const int on = 1;
  if (family == Family::v4) {
    setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  } else {
    setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  }
}

}  // namespace

DatagramExchange::~DatagramExchange() {
  watch_.reset();
  if (socket_ >= 0) close(socket_);
}

std::optional<Outcome> DatagramExchange::start(const Endpoint& peer, std::span<const std::uint8_t> request,
                                               Events events) {
  sockaddr_storage storage{};
  const socklen_t length = peer.to_sockaddr(storage);
  socket_ = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return outcome_of_errno(errno);
  hear_all_errors(socket_, peer.address.family());
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return outcome_of_errno(errno);
  }
  events_ = std::move(events);
  watch_ = std::make_unique<SocketWatch>(loop_, socket_, [this](bool, bool, int error) { receive(error); });
  if (!watch_->watch(true, false)) {
    return Outcome{Reason::resources, "the event loop cannot watch another socket"};
  }
  if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return outcome_of_errno(errno == EAGAIN ? ENOBUFS : errno);
  }
  return std::nullopt;
}

// One datagram a wake-up: the handlers may destroy this.
void DatagramExchange::receive(int poll_error) {
  std::array<std::uint8_t, kLongestReply> buffer;
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got >= 0) {
    const auto on_reply = events_.on_reply;
    return on_reply(std::span(buffer).first(static_cast<std::size_t>(got)));
  }
  const int error = errno != EAGAIN ? errno : poll_error;
  if (error == 0 || error == EINTR) return;
  watch_.reset();
  const auto on_failure = events_.on_failure;
  on_failure(outcome_of_errno(error));
}

}  // namespace gslbd::health
