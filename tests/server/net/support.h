// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of the transports: a handler that does what the query's first octet says, and clients with
// plain blocking sockets, whose calls give up after ten seconds so that a failure cannot hang the suite.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/address.h"
#include "server/net/listener.h"
#include "server/net/worker.h"
#include "server/query_handler.h"
#include "tests/support/catch.h"

namespace gslbd::server::testing {

/// "E…" comes back as it is, "N…" gets no answer, "A" is told who asked, "L" on which listener, "K" how long
/// it may idle, "B<n>" gets n octets.
class CommandHandler final : public QueryHandler {
 public:
  std::size_t handle(std::span<const std::uint8_t> query, const Asker& asker,
                     std::span<std::uint8_t> response) noexcept override {
    const std::string text(query.begin(), query.end());
    std::string reply;
    if (text[0] == 'E') reply = text;
    if (text[0] == 'A')
      reply = (asker.transport == Transport::udp ? "udp " : "tcp ") + asker.address.to_string();
    if (text[0] == 'L') reply = std::to_string(asker.listener);
    if (text[0] == 'K') reply = std::to_string(asker.keepalive);
    if (text[0] == 'B') reply.assign(std::stoul(text.substr(1)), 'b');
    if (reply.size() > response.size()) reply = "too large";
    std::memcpy(response.data(), reply.data(), reply.size());
    return reply.size();
  }
};

inline Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}

inline WorkerPool start_pool(std::vector<ListenSpec> specs, std::size_t workers = 1,
                             WorkerOptions options = {}) {
  auto listeners = open_listeners(specs, workers);
  if (!listeners) FAIL(listeners.error().message);
  auto pool = WorkerPool::start(
      std::move(*listeners), [] { return std::make_unique<CommandHandler>(); }, options);
  if (!pool) FAIL(pool.error().message);
  return std::move(*pool);
}

inline WorkerPool start_pool(std::vector<Endpoint> endpoints, std::size_t workers = 1,
                             WorkerOptions options = {}) {
  std::vector<ListenSpec> specs;
  for (const Endpoint& endpoint : endpoints) specs.push_back({endpoint, {}});
  return start_pool(std::move(specs), workers, options);
}

/// One where peers of `prefix` are proxies.
inline ListenSpec behind(std::string_view prefix, std::string_view endpoint) {
  return {at(endpoint), PrefixSet({Prefix::parse(prefix).value()})};
}

/// A PROXY header (version 2) of these octets 13 and 14 and this content.
inline std::string proxy_header_of(int version_command, int family_protocol, const std::string& content) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(version_command);
  header += static_cast<char>(family_protocol);
  header += static_cast<char>(content.size() >> 8);
  header += static_cast<char>(content.size() & 0xff);
  return header + content;
}

/// Of a client that a proxy passes on.
inline std::string proxy_header(const Endpoint& client, Transport transport,
                                const std::string& extensions = "") {
  const auto octets = client.address.bytes();
  std::string content(octets.begin(), octets.end());
  content += std::string(octets.size(), '\1');  // to whom it asked: of no interest
  content += static_cast<char>(client.port >> 8);
  content += static_cast<char>(client.port & 0xff);
  content += std::string("\0\x35", 2);
  const int family = client.address.is_v4() ? 0x10 : 0x20;
  return proxy_header_of(0x21, family | (transport == Transport::tcp ? 1 : 2), content + extensions);
}

/// Waits for what another thread will do; false after ten seconds.
inline bool eventually(const std::function<bool()>& happened) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

class Client {
 public:
  static Client udp(const Endpoint& server) { return Client(server, SOCK_DGRAM, 0); }
  static Client tcp(const Endpoint& server, int receive_buffer = 0) {
    return Client(server, SOCK_STREAM, receive_buffer);
  }
  /// From an address of our choice; port 0: any.
  static Client from(const Endpoint& source, const Endpoint& server, int type) {
    return Client(server, type, 0, &source);
  }

  void send(std::string_view octets) const {
    while (!octets.empty()) {
      const ssize_t n = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      REQUIRE(n > 0);
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// As much as fits without waiting; the number of octets sent.
  std::size_t send_some(std::string_view octets) const {
    const ssize_t n = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  void finish_sending() const { ::shutdown(fd_.get(), SHUT_WR); }

  /// One datagram, or what has come of the stream; "<closed>", "<reset>" or "<nothing>" (after ten seconds).
  std::string receive() const {
    std::string buffer(70'000, '\0');
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n == 0) return "<closed>";
    if (n < 0) return errno == ECONNRESET ? "<reset>" : "<nothing>";
    buffer.resize(static_cast<std::size_t>(n));
    return buffer;
  }
  /// One message of the stream, without its length.
  std::string receive_message() const {
    const std::string length = receive_exactly(2);
    if (length.size() != 2) return length;
    return receive_exactly(static_cast<std::size_t>(static_cast<unsigned char>(length[0]) << 8 |
                                                    static_cast<unsigned char>(length[1])));
  }
  /// Without reading anything.
  bool wait_for_reset() const {
    pollfd p{fd_.get(), 0, 0};
    return ::poll(&p, 1, 10'000) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
  }
  int fd() const { return fd_.get(); }

 private:
  Client(const Endpoint& server, int type, int receive_buffer, const Endpoint* source = nullptr)
      : fd_(::socket(server.address.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0)) {
    const timeval ten_seconds{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
    if (receive_buffer != 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_storage sa;
    if (source != nullptr) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
      const socklen_t source_length = source->to_sockaddr(sa);
      REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&sa), source_length) == 0);
    }
    const socklen_t length = server.to_sockaddr(sa);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&sa), length) == 0);
  }
  std::string receive_exactly(std::size_t size) const {
    std::string buffer(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t n = ::recv(fd_.get(), buffer.data() + have, size - have, 0);
      if (n == 0) return "<closed>";
      if (n < 0) return errno == ECONNRESET ? "<reset>" : "<nothing>";
      have += static_cast<std::size_t>(n);
    }
    return buffer;
  }

  UniqueFd fd_;
};

/// The message behind its two octets of length.
inline std::string framed(std::string_view message) {
  std::string frame;
  frame += static_cast<char>(message.size() >> 8);
  frame += static_cast<char>(message.size() & 0xff);
  frame += message;
  return frame;
}

}  // namespace gslbd::server::testing
