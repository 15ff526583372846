// SPDX-License-Identifier: Apache-2.0
#include "tests/health/probes/peer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "core/address.h"

namespace gslbd::test {
namespace {

UniqueFd open_socket(int type, const std::string& address) {
  sockaddr_storage storage{};
  const socklen_t length = Endpoint{*Address::parse(address), 0}.to_sockaddr(storage);
  UniqueFd fd(socket(storage.ss_family, type | SOCK_CLOEXEC, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    throw std::runtime_error("no socket on " + address);
  }
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr&>(storage)).port;
}

}  // namespace

Peer::Peer(Respond respond, Over over, const std::string& address)
    : respond_(std::move(respond)),
      socket_(open_socket(over == Over::udp ? SOCK_DGRAM : SOCK_STREAM, address)),
      stop_(eventfd(0, EFD_CLOEXEC)),
      port_(port_of(socket_)) {
  if (over == Over::tcp) listen(socket_.get(), 16);
  thread_ = std::thread([this, over] { over == Over::udp ? serve_udp() : serve_tcp(); });
}

Peer::~Peer() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

/// False when the test is over.
bool Peer::wait() {
  pollfd fds[2]{{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  poll(fds, 2, -1);
  return fds[1].revents == 0;
}

void Peer::serve_udp() {
  while (wait()) {
    std::array<char, 65536> buffer;
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, sender, &length);
    if (got < 0) continue;
    for (const std::string& reply : respond_(std::string(buffer.data(), static_cast<std::size_t>(got)))) {
      sendto(socket_.get(), reply.data(), reply.size(), 0, sender, length);
    }
  }
}

void Peer::serve_tcp() {
  while (wait()) {
    const UniqueFd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> buffer;
    const ssize_t got = recv(connection.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) continue;
    for (const std::string& reply : respond_(std::string(buffer.data(), static_cast<std::size_t>(got)))) {
      send(connection.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }
}

std::uint16_t closed_udp_port() {
  return port_of(open_socket(SOCK_DGRAM, "127.0.0.1"));
}

}  // namespace gslbd::test
