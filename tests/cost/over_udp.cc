// SPDX-License-Identifier: Apache-2.0
#include "tests/cost/over_udp.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gslbd::cost {
namespace {

constexpr int kPatienceS = 30;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("over UDP: ") + what);
}

server::Listeners listen() {
  const Endpoint endpoint = *Endpoint::parse("127.0.0.1:0");
  auto listeners = server::open_listeners(std::span(&endpoint, 1), 1);
  require(listeners.has_value(), "no socket to listen on");
  return std::move(*listeners);
}

UniqueFd connect_to(const Endpoint& server) {
  UniqueFd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address;
  const socklen_t length = server.to_sockaddr(address);
  require(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0,
          "a client cannot connect");
  const timeval patience{kPatienceS, 0};
  require(::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0,
          "a client cannot be patient");
  return client;
}

}  // namespace

OverUdp::OverUdp(const std::vector<Octets>& queries, server::QueryHandler& handler, std::size_t clients)
    : queries_(queries), listeners_(listen()) {
  server_ = std::make_unique<server::UdpServer>(listeners_.by_worker[0][0], handler, counters_);
  for (std::size_t i = 0; i < clients; ++i) clients_.push_back(connect_to(listeners_.endpoints[0]));
}

void OverUdp::run() {
  CALLGRIND_TOGGLE_COLLECT;  // off
  std::array<std::uint8_t, server::kMaxUdpResponseSize> response;
  for (std::size_t at = 0; at < queries_.size(); at += server::kMaxBatch) {
    const std::size_t count = std::min(server::kMaxBatch, queries_.size() - at);
    const auto client = [&](std::size_t i) { return clients_[(at + i) % clients_.size()].get(); };
    for (std::size_t i = 0; i < count; ++i) {
      const Octets& query = queries_[at + i];
      require(::send(client(i), query.data(), query.size(), 0) == static_cast<ssize_t>(query.size()),
              "a query cannot be sent");
    }
    serve(count);
    for (std::size_t i = 0; i < count; ++i)
      require(::recv(client(i), response.data(), response.size(), 0) > 0, "a response does not come");
  }
  CALLGRIND_TOGGLE_COLLECT;
}

// Usually they are all there by now: on loopback sending is receiving.
void OverUdp::serve(std::size_t count) {
  const auto served = [&] { return counters_.queries_of(server::Transport::udp, Family::v4).value(); };
  for (const std::uint64_t all = served() + count; served() < all;) {
    pollfd readable{listeners_.by_worker[0][0].udp.get(), POLLIN, 0};
    require(::poll(&readable, 1, 1000 * kPatienceS) == 1, "a query does not come");
    CALLGRIND_TOGGLE_COLLECT;
    (void)server_->serve_batch();
    CALLGRIND_TOGGLE_COLLECT;
  }
}

}  // namespace gslbd::cost
