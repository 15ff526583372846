// SPDX-License-Identifier: Apache-2.0
// Serving UDP allocates nothing: this program's operator new counts.

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/server/net/support.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* p = operator new(size, std::nothrow)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
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

TEST_CASE("serving a batch allocates nothing", "[net]") {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0"}) {
    const Endpoint endpoint = testing::at(address);
    const auto listeners = open_listeners(std::span(&endpoint, 1), 1);
    REQUIRE(listeners);
    Echo handler;
    NetCounters counters;
    UdpServer server(listeners->by_worker[0][0].udp.get(), endpoint.address, handler, counters);
    const auto client =
        testing::Client::udp({testing::at("127.0.0.1:0").address, listeners->endpoints[0].port});
    for (int i = 0; i < 40; ++i) client.send("hello");
    const std::uint64_t before = allocations.load();
    while (server.serve_batch()) {
    }
    const std::uint64_t after = allocations.load();
    CHECK(after == before);
    CHECK(counters.queries_of(Transport::udp, Family::v4).value() == 40);
  }
}

}  // namespace
}  // namespace gslbd::server
