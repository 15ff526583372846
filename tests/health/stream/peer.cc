// SPDX-License-Identifier: Apache-2.0
#include "tests/health/stream/peer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace gslbd::test {

bool PeerConnection::ready(short events) const {
  pollfd waited[2] = {{socket_, events, 0}, {stop_, POLLIN, 0}};
  return poll(waited, 2, -1) > 0 && waited[1].revents == 0;
}

bool PeerConnection::say(std::string_view octets) const {
  while (!octets.empty()) {
    if (!ready(POLLOUT)) return false;
    const ssize_t sent = send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string PeerConnection::hear(std::string_view end) const {
  std::string heard;
  char c = 0;
  while (!heard.ends_with(end) && ready(POLLIN) && recv(socket_, &c, 1, 0) == 1) heard += c;
  return heard;
}

std::string PeerConnection::hear_octets(std::size_t count) const {
  std::string heard(count, '\0');
  std::size_t got = 0;
  while (got < count && ready(POLLIN)) {
    const ssize_t more = recv(socket_, heard.data() + got, count - got, 0);
    if (more <= 0) break;
    got += static_cast<std::size_t>(more);
  }
  heard.resize(got);
  return heard;
}

void PeerConnection::wait_for_end() const {
  char thrown_away[4096];
  while (ready(POLLIN) && recv(socket_, thrown_away, sizeof thrown_away, 0) > 0) {
  }
}

void PeerConnection::reset() const {
  const linger reset_on_close{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
}

Peer::Peer(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage{};
  socklen_t length = Endpoint{*Address::parse("127.0.0.1"), 0}.to_sockaddr(storage);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (bind(listener_, address, length) != 0 || listen(listener_, 1024) != 0 || pipe(stop_pipe_) != 0 ||
      getsockname(listener_, address, &length) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = Endpoint::from_sockaddr(*address).port;
  thread_ = std::thread([this] { serve(); });
}

Peer::~Peer() {
  close(stop_pipe_[1]);
  thread_.join();
  close(listener_);
  close(stop_pipe_[0]);
}

void Peer::serve() const {
  for (;;) {
    pollfd waited[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 || waited[1].revents != 0) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    behaviour_(PeerConnection(connection, stop_pipe_[0]));
    close(connection);
  }
}

}  // namespace gslbd::test
