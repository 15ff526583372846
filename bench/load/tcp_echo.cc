// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tcp_echo.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "bench/load/die.h"
#include "core/unique_fd.h"

namespace gslbd::bench {
namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kEvents = 32;
constexpr std::size_t kReadSize = 4096;
constexpr std::size_t kLengthSize = 2;
constexpr std::size_t kQrOctet = kLengthSize + 2;  // of a message with its length before it

/// How far a stream of messages has come.
struct Stream {
  std::size_t at = 0;    ///< octets of the message that were seen, its length among them
  std::size_t size = 0;  ///< of the message, without its length

  /// Sets the QR bit of every message in what comes next.
  void turn(std::span<std::uint8_t> octets) {
    for (std::size_t i = 0; i < octets.size();) {
      if (at < kLengthSize) {
        size = (at == 0 ? 0 : size << 8) | octets[i];
      } else if (at == kQrOctet) {
        octets[i] |= 0x80;
      }
      const std::size_t step = at <= kQrOctet ? 1 : std::min(kLengthSize + size - at, octets.size() - i);
      i += step;
      at += step;
      if (at >= kLengthSize && at == kLengthSize + size) at = 0;
    }
  }
};

UniqueFd listen_on(const Endpoint& endpoint) {
  sockaddr_storage address{};
  const socklen_t length = endpoint.to_sockaddr(address);
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) die("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) die("bind");
  if (::listen(fd.get(), kBacklog) != 0) die("listen");
  return fd;
}

class TcpEcho {
 public:
  explicit TcpEcho(const Endpoint& endpoint)
      : listening_(listen_on(endpoint)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_ || !watch(listening_.get(), EPOLLIN)) die("epoll");
  }

  void round() {
    std::array<epoll_event, kEvents> events;
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listening_.get()) {
        accept_all();
      } else {
        answer(fd);
      }
    }
  }

 private:
  // As many as wait: one accept4() more, to find nobody, would cost as much as one that does.
  void accept_all() {
    tcp_info info{};
    socklen_t length = offsetof(tcp_info, tcpi_sacked);
    if (::getsockopt(listening_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) die("TCP_INFO");
    for (unsigned i = 0; i < info.tcpi_unacked; ++i) {
      const int fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      if (streams_.size() <= static_cast<std::size_t>(fd)) streams_.resize(static_cast<std::size_t>(fd) + 1);
      streams_[static_cast<std::size_t>(fd)] = {};
      if (answer(fd) && !watch(fd, EPOLLIN | EPOLLET)) ::close(fd);
    }
  }

  // False: the connection was closed. A client that does not take its answer loses it.
  bool answer(int fd) {
    const ssize_t length = ::recv(fd, octets_.data(), octets_.size(), 0);
    if (length < 0 && errno == EAGAIN) return true;
    if (length <= 0) {
      ::close(fd);
      return false;
    }
    const std::span<std::uint8_t> octets(octets_.data(), static_cast<std::size_t>(length));
    streams_[static_cast<std::size_t>(fd)].turn(octets);
    std::ignore = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    return true;
  }

  bool watch(int fd, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  }

  UniqueFd listening_;
  UniqueFd epoll_;
  std::vector<Stream> streams_;  ///< by descriptor
  std::array<std::uint8_t, kReadSize> octets_{};
};

}  // namespace

void echo_over_tcp(const Endpoint& endpoint) {
  TcpEcho echo(endpoint);
  std::puts("listening");
  std::fflush(stdout);
  for (;;) echo.round();
}

}  // namespace gslbd::bench
