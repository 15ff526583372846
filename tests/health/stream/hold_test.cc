// SPDX-License-Identifier: Apache-2.0
// Held connections against real sockets: every way in which one can end, and what follows.

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <semaphore>
#include <vector>

#include "health/hold/connection_holder.h"
#include "tests/health/probing.h"
#include "tests/health/stream/peer.h"
#include "tests/health/test_server.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;

namespace {

struct Losses final : HoldListener {
  void hold_lost(TargetId id, const std::string& why) override {
    lost.push_back(std::to_string(id) + " " + why);
    if (on_lost) on_lost();
  }
  std::vector<std::string> lost;
  std::function<void()> on_lost;
};

/// A holder on a loop of its own.
struct World {
  UvLoop loop;
  Losses losses;
  ConnectionHolder holder;

  explicit World(const ConnectionHolder::Options& options = {}) : holder(loop, options) {}

  void hold(TargetId id, const Check& check) { holder.hold(id, check, *Address::parse("127.0.0.1"), losses); }
  /// Turns the loop until `done`; the test fails when that takes for ever.
  void run_until(const std::function<bool()>& done) {
    int turns = 20'000;
    std::function<void()> look = [&] {
      if (done() || --turns == 0) return loop.stop();
      loop.run_at(std::chrono::steady_clock::now() + std::chrono::milliseconds(1), look);
    };
    loop.run_at(std::chrono::steady_clock::now(), look);
    loop.run();
    CHECK(turns > 0);
  }
};

Check check_of(std::uint16_t port) {
  return make_check(fmt::format(R"({{"type": "tcp", "port": {}, "hold": true}})", port));
}

}  // namespace

TEST_CASE("who comes alone begins at once, a crowd in turn") {
  using namespace std::chrono_literals;
  const MonotonicTime start{1h};
  Turns turns;
  CHECK(turns.take(start) == start);
  CHECK(turns.take(start + 1s) == start + 1s);
  for (int i = 1; i < 10'000; ++i) CHECK(turns.take(start + 1s) == start + 1s + i * Turns::kApart);
  CHECK(turns.take(start + 1s) == start + 1500ms);
  CHECK(turns.take(start + 2s) == start + 2s);
}

TEST_CASE("two connections in a row that lived equally long tell the idle limit of the peer") {
  using namespace std::chrono_literals;
  IdleLimit limit;
  CHECK_FALSE(limit.renew_after());
  SECTION("within a tenth: the shorter one counts") {
    limit.closed_after(60s);
    CHECK_FALSE(limit.renew_after());
    limit.closed_after(61s);
    CHECK(limit.renew_after() == 48s);
  }
  SECTION("deaths at any time tell nothing") {
    for (const auto lived : {60s, 90s, 60s, 40s, 3s}) limit.closed_after(lived);
    CHECK_FALSE(limit.renew_after());
  }
  SECTION("a limit that is too short is not kept up with") {
    for (int i = 0; i < 5; ++i) limit.closed_after(1900ms);
    CHECK_FALSE(limit.renew_after());
  }
  SECTION("a new limit replaces the old one") {
    for (const auto lived : {60s, 60s, 30s, 30s}) limit.closed_after(lived);
    CHECK(limit.renew_after() == 24s);
  }
}

TEST_CASE("a held connection that the peer closes is reported, and made anew") {
  std::atomic<int> connections = 0;
  std::binary_semaphore hang_up(0);
  const Peer peer([&](const PeerConnection& c) {
    c.say("220 hello\r\n");  // thrown away unread
    if (++connections == 1) return hang_up.acquire();
    c.wait_for_end();
  });
  World world;
  const Check check = check_of(peer.port());
  world.hold(7, check);
  CHECK(world.holder.held() == 0);  // nothing happens inside hold()
  world.run_until([&] { return world.holder.held() == 1; });
  CHECK(world.losses.lost.empty());
  hang_up.release();
  world.run_until([&] { return !world.losses.lost.empty(); });
  CHECK(world.losses.lost == std::vector<std::string>{"7 closed by the peer"});
  world.run_until([&] { return world.holder.held() == 1 && connections == 2; });
  world.holder.release(7);
  CHECK(world.holder.held() == 0);
}

TEST_CASE("a held connection that is reset says so") {
  std::binary_semaphore reset(0);
  std::atomic<bool> first = true;
  const Peer peer([&](const PeerConnection& c) {
    if (first.exchange(false)) reset.acquire();
    c.reset();
  });
  World world;
  const Check check = check_of(peer.port());
  world.hold(1, check);
  world.run_until([&] { return world.holder.held() == 1; });
  reset.release();
  world.run_until([&] { return !world.losses.lost.empty(); });
  CHECK(world.losses.lost.front() == "1 connection reset by the peer");
}

TEST_CASE("attempts that fail are made again, and not reported") {
  World world;
  const Check check = check_of(closed_port());
  world.hold(1, check);
  world.run_until([&] { return world.holder.attempts() == 3; });
  CHECK(world.losses.lost.empty());
  CHECK(world.holder.held() == 0);
}

TEST_CASE("a hold may be released from inside the report") {
  const Peer peer([](const PeerConnection&) {});
  World world;
  const Check check = check_of(peer.port());
  world.losses.on_lost = [&] { world.holder.release(1); };
  world.hold(1, check);
  world.run_until([&] { return !world.losses.lost.empty(); });
  CHECK(world.losses.lost.size() == 1);
}

TEST_CASE("no more connections are held than may be") {
  std::vector<std::unique_ptr<Peer>> peers;
  World world({.max_connecting = 1});
  world.loop.lasting_connections().set_limit(3);
  std::vector<Check> checks;
  checks.reserve(6);
  for (TargetId id = 1; id <= 6; ++id) {
    peers.push_back(std::make_unique<Peer>([](const PeerConnection& c) { c.wait_for_end(); }));
    checks.push_back(check_of(peers.back()->port()));
    world.hold(id, checks.back());
  }
  world.run_until([&] { return world.holder.held() == 3; });
  for (TargetId id = 1; id <= 6; ++id) world.holder.release(id);
  CHECK(world.holder.held() == 0);
  world.holder.release(99);  // unknown: ignored
  CHECK(world.losses.lost.empty());
}

TEST_CASE("a peer that sends without end is dropped without a report") {
  std::atomic<std::size_t> sent = 0;
  std::atomic<bool> dropped = false;
  const Peer peer([&](const PeerConnection& c) {
    const std::string block(65536, 'x');
    while (c.say(block)) sent += block.size();
    dropped = true;
  });
  World world;
  const Check check = check_of(peer.port());
  world.hold(1, check);
  world.run_until([&] { return dropped.load(); });
  CHECK(sent > (std::size_t{1} << 20) / 2);
  CHECK(world.losses.lost.empty());
}
