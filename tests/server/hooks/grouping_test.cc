// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/grouping.h"

#include "core/random.h"
#include "server/hooks/message.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

Entry verdict(const std::string& site, int target, const std::string& to,
              const std::string& reason = "timeout") {
  Entry e{.at = ManualClock().wall_now(),
          .kind = "verdict",
          .check = "web",
          .target = "192.0.2." + std::to_string(target),
          .site = site};
  e.more = {{"from", to == "up" ? "down" : "up"}, {"to", to}, {"reason", reason}};
  return e;
}

}  // namespace

TEST_CASE("a lost datacentre is one message") {
  ManualClock clock;
  Grouping grouping(2s, 10);
  CHECK_FALSE(grouping.due().has_value());
  for (int i = 0; i < 500; ++i) {
    grouping.add(verdict("fra", i % 250, "down", i < 480 ? "timeout" : "refused"), clock.now());
    clock.advance(3ms);
  }
  CHECK_FALSE(grouping.take(clock.now()).has_value());  // 1.5 s after the first
  clock.advance_to(*grouping.due());
  const auto message = grouping.take(clock.now());
  REQUIRE(message.has_value());
  CHECK(message->count == 500);
  REQUIRE(message->groups.size() == 1);
  CHECK(message->groups[0].count == 500);
  CHECK(message->groups[0].first.size() == Grouping::kShown);
  CHECK(headline(*message) == "500 targets at fra are down: refused 20, timeout 480");
  CHECK(message->held_back == 0s);
  CHECK_FALSE(grouping.take(clock.now() + 1h).has_value());
}

TEST_CASE("the gravest comes first") {
  ManualClock clock;
  Grouping grouping(0s, 10);
  grouping.add(verdict("fra", 1, "up"), clock.now());
  grouping.add(verdict("fra", 2, "down"), clock.now());
  Entry site{.at = clock.wall_now(), .kind = "site", .site = "fra"};
  site.more = {{"from", "up"}, {"to", "down"}};
  grouping.add(site, clock.now());
  const auto message = grouping.take(clock.now());
  REQUIRE(message.has_value());
  CHECK(headline(*message) == "site fra is down; 2 more");
  CHECK(message_json(*message, {"ns1", "x"})["groups"][1]["summary"] ==
        "web on 192.0.2.2 at fra is down: timeout");
}

TEST_CASE("beyond the rate events wait and are summed up; none is lost") {
  ManualClock clock;
  Grouping grouping(1s, 6);  // a message every 10 s, six at once
  int messages = 0;
  std::uint64_t events = 0;
  Duration longest{0};
  // One event a second for ten minutes: without a limit 600 messages or nearly so.
  for (int second = 0; second < 600; ++second) {
    grouping.add(verdict("fra", 1, second % 2 == 0 ? "down" : "up"), clock.now());
    clock.advance(1s);
    if (const auto message = grouping.take(clock.now())) {
      ++messages;
      events += message->count;
      longest = std::max(longest, message->held_back);
    }
  }
  if (const auto rest = grouping.flush(clock.now())) events += rest->count;
  CHECK(events == 600);
  CHECK(messages >= 60);
  CHECK(messages <= 67);
  CHECK(longest >= 8s);
  CHECK(longest <= 10s);
}

TEST_CASE("after a quiet time the hook may send as much at once as in a minute, and no more") {
  ManualClock clock;
  Grouping grouping(0s, 5);
  for (int round = 0; round < 3; ++round) {
    clock.advance(1h);
    int messages = 0;
    for (int i = 0; i < 20; ++i) {
      grouping.add(verdict("fra", i, "down"), clock.now());
      if (grouping.take(clock.now())) ++messages;
    }
    CHECK(messages == 5);
    CHECK(grouping.flush(clock.now()).has_value());
  }
}

TEST_CASE("a message is bounded, whatever comes") {
  ManualClock clock;
  Grouping grouping(1h, 1);
  for (int i = 0; i < 100'000; ++i) {
    grouping.add(verdict("site-" + std::to_string(i % 1000), i, "down"), clock.now());
  }
  const auto message = grouping.flush(clock.now());
  REQUIRE(message.has_value());
  CHECK(message->count == 100'000);
  CHECK(message->groups.size() == Grouping::kMostGroups);
  CHECK(message->others == 95'000);
  CHECK(message_json(*message, {"ns1", "x"}).dump().size() < 100'000);
}

TEST_CASE("whatever comes when, every event is in one message, due in time and within the rate") {
  Random random(11);
  for (int run = 0; run < 50; ++run) {
    ManualClock clock;
    const std::uint32_t per_minute = 1 + random.below(60);
    const Duration window = 100ms * random.below(50);
    Grouping grouping(window, per_minute);
    std::uint64_t added = 0;
    std::uint64_t told = 0;
    std::uint32_t messages = 0;
    const MonotonicTime begun = clock.now();
    for (int step = 0; step < 500; ++step) {
      if (random.below(3) != 0) {
        grouping.add(verdict("fra", 1, "down"), clock.now());
        ++added;
      }
      clock.advance(10ms * random.below(200));
      if (const auto due = grouping.due(); due && *due <= clock.now()) {
        const auto message = grouping.take(clock.now());
        REQUIRE(message.has_value());
        told += message->count;
        ++messages;
      } else {
        REQUIRE_FALSE(grouping.take(clock.now()).has_value());
      }
    }
    if (const auto rest = grouping.flush(clock.now())) told += rest->count;
    CHECK(told == added);
    const double minutes = to_seconds(clock.now() - begun) / 60;
    CHECK(messages <= per_minute * (minutes + 1) + 1);
  }
}
