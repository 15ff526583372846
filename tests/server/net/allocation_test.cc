// SPDX-License-Identifier: Apache-2.0
// Serving allocates nothing: this program's operator new counts.

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/server/net/support.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* p = operator new(size, std::nothrow)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace gslbd::server {
namespace {

class Echo final : public QueryHandler {
 public:
  std::size_t handle(std::span<const std::uint8_t> query, const Asker&,
                     std::span<std::uint8_t> response) noexcept override {
    std::memcpy(response.data(), query.data(), query.size());
    return query.size();
  }
};

// Serves what `send` makes a client send, and returns how many allocations that took.
template <class Send>
std::uint64_t allocations_of(const ListenSpec& spec, NetCounters& counters, Send send) {
  const auto listeners = open_listeners(std::span(&spec, 1), 1);
  REQUIRE(listeners);
  Echo handler;
  UdpServer server(listeners->by_worker[0][0], handler, counters);
  const auto client =
      testing::Client::udp({testing::at("127.0.0.1:0").address, listeners->endpoints[0].port});
  for (int i = 0; i < 40; ++i) send(client);
  const std::uint64_t before = allocations.load();
  while (server.serve_batch()) {
  }
  return allocations.load() - before;
}

TEST_CASE("serving a batch allocates nothing", "[net]") {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0"}) {
    NetCounters counters;
    const auto send = [](const testing::Client& client) { client.send("hello"); };
    CHECK(allocations_of({testing::at(address), {}}, counters, send) == 0);
    CHECK(counters.queries_of(Transport::udp, Family::v4).value() == 40);
  }
}

TEST_CASE("serving proxies allocates nothing either", "[net]") {
  const std::string query = testing::proxy_header(testing::at("[2001:db8::1]:1"), Transport::udp) + "hello";
  NetCounters counters;
  const auto send = [&](const testing::Client& client) {
    client.send(query);
    client.send("no header");
  };
  CHECK(allocations_of(testing::behind("127.0.0.0/8", "127.0.0.1:0"), counters, send) == 0);
  CHECK(counters.queries_of(Transport::udp, Family::v6).value() == 40);
  CHECK(counters.drops_of(UdpDrop::proxy_header).value() == 40);
}

// A query in two pieces, so that the connection has to keep one; then two at once. All by system calls alone.
bool ask(const sockaddr_in& server, int queries) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval ten_seconds{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) return false;
  constexpr std::string_view kTwice("\0\5hello\0\5hello", 14);
  std::array<char, kTwice.size()> answers;
  for (int i = 0; i < queries; ++i) {
    ::send(fd.get(), kTwice.data(), 4, MSG_NOSIGNAL);
    ::send(fd.get(), kTwice.data() + 4, kTwice.size() - 4, MSG_NOSIGNAL);
    if (::recv(fd.get(), answers.data(), answers.size(), MSG_WAITALL) != static_cast<ssize_t>(answers.size()))
      return false;
    if (std::string_view(answers.data(), answers.size()) != kTwice) return false;
  }
  return true;
}

TEST_CASE("serving TCP allocates nothing, connections included", "[net]") {
  const ListenSpec spec{testing::at("127.0.0.1:0"), {}};
  auto listeners = open_listeners(std::span(&spec, 1), 1);
  REQUIRE(listeners);
  const auto pool = WorkerPool::start(std::move(*listeners), [] { return std::make_unique<Echo>(); });
  REQUIRE(pool);
  sockaddr_storage sa;
  pool->endpoints()[0].to_sockaddr(sa);
  const auto& server = reinterpret_cast<const sockaddr_in&>(sa);
  REQUIRE(ask(server, 10));
  const std::uint64_t before = allocations.load();
  bool answered = true;
  for (int i = 0; i < 10; ++i) answered = answered && ask(server, 10);
  CHECK(allocations.load() == before);
  CHECK(answered);
}

}  // namespace
}  // namespace gslbd::server
