// SPDX-License-Identifier: Apache-2.0
// How many connections there may be, of whom, and how long they may idle.

#include "server/net/tcp_limits.h"

#include <map>
#include <thread>
#include <vector>

#include "core/random.h"
#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

using std::chrono::milliseconds;

constexpr SipHashKey kKey{1, 2};

Address address(const std::string& text) {
  return Address::parse(text).value();
}

TcpOptions at_most(std::uint32_t all, std::uint32_t of_one) {
  return {.max_connections = all, .max_connections_per_client = of_one};
}

TEST_CASE("a client has only so many places, and gets them back", "[net]") {
  TcpLimits limits(at_most(100, 3), kKey);
  const Address client = address("192.0.2.1");
  std::vector<TcpLimits::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(limits.enter(client).value());
  CHECK_FALSE(limits.enter(client));
  CHECK(limits.enter(address("192.0.2.2")));
  limits.leave(places.back());
  CHECK(limits.enter(client));
  CHECK_FALSE(limits.enter(client));
}

TEST_CASE("the client of an IPv6 address is its /64", "[net]") {
  TcpLimits limits(at_most(100, 2), kKey);
  CHECK(limits.enter(address("2001:db8:0:1::1")));
  CHECK(limits.enter(address("2001:db8:0:1:ffff::2")));
  CHECK_FALSE(limits.enter(address("2001:db8:0:1::3")));
  CHECK(limits.enter(address("2001:db8:0:2::1")));
  CHECK(limits.enter(address("32.1.13.184")));  // the same first octets
}

TEST_CASE("counts are exact for any coming and going", "[net]") {
  Random random(7);
  TcpLimits limits(at_most(1000, 20), kKey);
  std::map<std::uint32_t, std::vector<TcpLimits::Place>> open;
  std::size_t all = 0;
  std::size_t uncounted = 0;
  for (int step = 0; step < 200'000; ++step) {
    const std::uint32_t number = random.below(200);
    const Address client = address("192.0.2." + std::to_string(number));
    auto& places = open[number];
    if (!places.empty() && (all == 1000 || random.below(2) == 0)) {
      limits.leave(places.back());
      places.pop_back();
      --all;
    } else if (all < 1000) {
      const auto place = limits.enter(client);
      REQUIRE(place.has_value() == (places.size() < 20));
      if (!place) continue;
      if (*place == TcpLimits::kUncounted) ++uncounted;
      places.push_back(*place);
      ++all;
    }
  }
  CHECK(uncounted == 0);
}

TEST_CASE("a full table of one connection each counts nearly all", "[net]") {
  TcpLimits limits(at_most(5000, 2), kKey);
  int uncounted = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto place =
        limits.enter(address("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
    REQUIRE(place);
    uncounted += *place == TcpLimits::kUncounted ? 1 : 0;
  }
  CHECK(uncounted < 10);
}

TEST_CASE("threads that come and go at once lose no count", "[net]") {
  constexpr std::uint32_t kLimit = 8;
  TcpLimits limits(at_most(64, kLimit), kKey);
  const auto work = [&](std::uint64_t seed) {
    Random random(seed);
    std::vector<TcpLimits::Place> mine;
    for (int step = 0; step < 50'000; ++step) {
      if (!mine.empty() && random.below(2) == 0) {
        limits.leave(mine.back());
        mine.pop_back();
        limits.closed();
      } else if (const auto place = limits.enter(address("192.0.2." + std::to_string(random.below(3))))) {
        limits.opened();
        mine.push_back(*place);
      }
    }
    for (const auto place : mine) {
      limits.leave(place);
      limits.closed();
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& thread : threads) thread.join();
  CHECK(limits.open() == 0);
  for (const char* client : {"192.0.2.0", "192.0.2.1", "192.0.2.2"}) {
    for (std::uint32_t i = 0; i < kLimit; ++i) CHECK(limits.enter(address(client)));
    CHECK_FALSE(limits.enter(address(client)));
  }
}

TEST_CASE("patience shrinks from half full on, and at the end clients are asked to go", "[net]") {
  TcpOptions options = at_most(100, 100);
  options.idle_timeout = milliseconds(10'000);
  TcpLimits limits(options, kKey);
  std::map<std::uint32_t, std::pair<std::int64_t, int>> seen;
  for (std::uint32_t open = 1; open <= 101; ++open) {
    CHECK(limits.opened() == (open == 101));
    seen[open] = {limits.idle_timeout().count(), limits.keepalive()};
  }
  CHECK(seen[1] == std::pair<std::int64_t, int>{10'000, 100});
  CHECK(seen[51] == std::pair<std::int64_t, int>{10'000, 100});
  CHECK(seen[76] == std::pair<std::int64_t, int>{5'000, 50});
  CHECK(seen[87].second > 0);
  CHECK(seen[90].second == 0);
  CHECK(seen[100].first == 500);
  CHECK(seen[101].first == 500);
  for (std::uint32_t open = 2; open <= 101; ++open) CHECK(seen[open].first <= seen[open - 1].first);
}

TEST_CASE("a limit of one leaves that one all its time", "[net]") {
  TcpLimits limits(at_most(1, 1), kKey);
  limits.opened();
  CHECK(limits.idle_timeout() == milliseconds(10'000));
  CHECK(limits.keepalive() == 100);
}

TEST_CASE("limits out of their ranges are brought into them", "[net]") {
  CHECK(TcpLimits(at_most(0, 0), kKey).options().max_connections == 1);
  CHECK(TcpLimits(at_most(0, 0), kKey).options().max_connections_per_client == 1);
  CHECK(TcpLimits(at_most(~0U, ~0U), kKey).options().max_connections == kMaxTcpConnections);
  CHECK(TcpLimits(at_most(~0U, ~0U), kKey).options().max_connections_per_client == kMaxTcpConnections);
}

}  // namespace
}  // namespace gslbd::server
