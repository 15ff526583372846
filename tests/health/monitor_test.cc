// SPDX-License-Identifier: Apache-2.0
// The monitor with its thread, its loop and real sockets.

#include "health/monitor.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/log.h"
#include "tests/health/probing.h"
#include "tests/health/test_server.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

/// Collects what the monitor reports; the test waits for it.
class Reports {
 public:
  Monitor::Events events() {
    return {.on_change =
                [this](std::span<const VerdictChange> changes) {
                  const std::lock_guard lock(mutex_);
                  for (const VerdictChange& change : changes) {
                    if (change.from == change.to) continue;  // only that one may be on its way
                    changes_.push_back(change);
                    ++changes_seen_;
                  }
                  changed_.notify_all();
                },
            .on_first_round =
                [this] {
                  const std::lock_guard lock(mutex_);
                  ++first_rounds_;
                  changes_before_first_round_ = changes_seen_;
                  changed_.notify_all();
                }};
  }
  VerdictChange next_change() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 30s, [this] { return !changes_.empty(); }));
    const VerdictChange change = changes_.front();
    changes_.pop_front();
    return change;
  }
  void wait_for_first_round() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 30s, [this] { return first_rounds_ > 0; }));
    CHECK(first_rounds_ == 1);
  }
  std::size_t changes_before_first_round() const { return changes_before_first_round_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<VerdictChange> changes_;
  int first_rounds_ = 0;
  std::size_t changes_seen_ = 0;
  std::size_t changes_before_first_round_ = 0;
};

std::shared_ptr<const Check> quick(std::uint16_t port, const std::string& name = "web",
                                   const std::string& more = "") {
  return std::make_shared<const Check>(make_check(
      fmt::format(
          R"({{"type": "http", "port": {}, "interval": "100ms", "confirm_interval": "20ms", "fall": 2{}}})",
          port, more),
      name));
}

TestServer::Respond ok() {
  return [](const std::string&) { return http_reply(200); };
}

struct QuietLog {
  QuietLog() { log::set_level(log::Level::off); }
  ~QuietLog() { log::set_level(log::Level::info); }
};

}  // namespace

TEST_CASE("a target comes up, goes down when its server dies, and comes back with it") {
  const QuietLog quiet;
  Reports reports;
  Monitor monitor({}, reports.events());
  auto server = std::make_unique<TestServer>(ok());
  const std::uint16_t port = server->port();
  const auto believed = monitor.apply({{quick(port), TestServer::loopback()}});
  REQUIRE(believed.size() == 1);
  CHECK(believed[0].verdict == Verdict::unknown);
  reports.wait_for_first_round();

  const VerdictChange first = reports.next_change();
  CHECK(first.id == believed[0].id);
  CHECK(first.from == Verdict::unknown);
  CHECK(first.to == Verdict::up);
  server.reset();
  CHECK(reports.next_change().to == Verdict::down);
  const TargetStatus dead = monitor.status().at(0);
  CHECK(dead.verdict == Verdict::down);
  CHECK(dead.check == "web");
  CHECK(dead.type == "http");
  REQUIRE(dead.last.has_value());
  CHECK(dead.last->detail == "connection refused");
  CHECK(dead.counts.of(Reason::refused) >= 2);
  CHECK(dead.counts.of(Reason::pass) >= 1);

  server = std::make_unique<TestServer>(ok(), TestServer::loopback(), port);
  const VerdictChange back = reports.next_change();
  CHECK(back.from == Verdict::down);
  CHECK(back.to == Verdict::up);
}

TEST_CASE("a server that accepts and stays silent is timed out") {
  const QuietLog quiet;
  Reports reports;
  TestServer server([](const std::string&) { return Reply{"", Reply::Then::hold}; });
  Monitor monitor({}, reports.events());
  monitor.apply({{quick(server.port(), "web", R"(, "timeout": "50ms")"), TestServer::loopback()}});
  CHECK(reports.next_change().to == Verdict::down);
  const std::string detail = monitor.status().at(0).last->detail;
  CHECK(detail.substr(0, 16) == "connected after ");
  CHECK(detail.find(" ms, then no answer to the request within 50ms") != std::string::npos);
}

TEST_CASE("the first round is over at once when there is nothing to probe") {
  Reports reports;
  Monitor monitor({}, reports.events());
  CHECK(monitor.apply({}).empty());
  reports.wait_for_first_round();
  CHECK(monitor.status().empty());
}

TEST_CASE("a target starts from the verdict that is remembered of it, once") {
  const QuietLog quiet;
  Reports reports;
  TestServer server(ok());
  const auto home = TestServer::loopback();
  const WallTime since = SystemClock().wall_now() - 1h;
  Monitor monitor({.remembered = {{"web", home, Verdict::down, since}, {"other", home, Verdict::up, since}}},
                  reports.events());
  const auto check = quick(server.port());
  CHECK(monitor.apply({{check, home}}).at(0).verdict == Verdict::down);
  const VerdictChange change = reports.next_change();
  CHECK(change.from == Verdict::down);
  CHECK(change.to == Verdict::up);
  // What was remembered is spent: a target that comes later knows nothing.
  CHECK(monitor.apply({{check, home}, {quick(server.port(), "other", R"(, "path": "/x")"), home}})
            .at(1)
            .verdict == Verdict::unknown);
}

TEST_CASE("the first round is over when every target has a verdict, and all have been reported by then") {
  const QuietLog quiet;
  Reports reports;
  TestServer server(ok());
  Monitor monitor({}, reports.events());
  const auto dead = quick(closed_port());
  monitor.apply({{quick(server.port()), TestServer::loopback()}, {dead, TestServer::loopback()}});
  reports.wait_for_first_round();
  CHECK(reports.changes_before_first_round() == 2);
}

TEST_CASE("a new plan keeps what it still names, and an edited check keeps its verdict") {
  const QuietLog quiet;
  Reports reports;
  Monitor monitor({}, reports.events());
  const std::uint16_t port = closed_port();
  const auto check = quick(port);
  const auto other = *Address::parse("127.0.0.2");
  const auto first = monitor.apply({{check, TestServer::loopback()}, {check, other}, {check, other}});
  CHECK(first[1].id == first[2].id);
  CHECK(first[0].id != first[1].id);
  CHECK(reports.next_change().to == Verdict::down);
  CHECK(reports.next_change().to == Verdict::down);

  // The same probe under another name is the same target; the other address leaves.
  const auto second = monitor.apply({{quick(port, "renamed"), TestServer::loopback()}});
  CHECK(second[0].id == first[0].id);
  CHECK(second[0].verdict == Verdict::down);
  REQUIRE(monitor.status().size() == 1);
  CHECK(monitor.status()[0].check == "renamed");
  CHECK(monitor.status()[0].counts.of(Reason::refused) >= 2);

  const auto edited = monitor.apply({{quick(port, "renamed", R"(, "rise": 5)"), TestServer::loopback()}});
  CHECK(edited[0].id != first[0].id);
  CHECK(edited[0].verdict == Verdict::down);
  // Another check on the same address is nobody's successor; and an old acquaintance gets its number back.
  const auto fresh =
      monitor.apply({{quick(port, "new", R"(, "rise": 6)"), TestServer::loopback()}, {check, other}});
  CHECK(fresh[0].verdict == Verdict::unknown);
  CHECK(fresh[1].id == first[1].id);
}

TEST_CASE("a monitor can be stopped in the middle of everything") {
  const QuietLog quiet;
  TestServer silent([](const std::string&) { return Reply{"", Reply::Then::hold}; });
  for (int round = 0; round < 20; ++round) {
    Reports reports;
    Monitor monitor({.max_in_flight = 64, .max_per_address = 4, .seed = 1}, reports.events());
    std::vector<TargetSpec> plan;
    const auto tcp =
        std::make_shared<const Check>(make_check(R"({"type": "tcp", "port": 9, "interval": "50ms"})"));
    const auto icmp = std::make_shared<const Check>(make_check(R"({"type": "icmp", "interval": "50ms"})"));
    for (std::uint8_t i = 1; i <= 100; ++i) {
      const std::uint8_t bytes[4] = {127, 0, 0, i};
      for (const auto& check : {quick(silent.port()), tcp, icmp})
        plan.push_back({check, Address::from_v4(bytes)});
    }
    monitor.apply(plan);
    if (round % 2 == 0) reports.next_change();
    CHECK(monitor.status().size() == 300);
  }
}

TEST_CASE("status may be asked from any thread while plans change") {
  const QuietLog quiet;
  Reports reports;
  TestServer server(ok());
  Monitor monitor({}, reports.events());
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&monitor] {
      for (int n = 0; n < 200; ++n) (void)monitor.status();
    });
  }
  for (int n = 0; n < 100; ++n) {
    monitor.apply(
        {{quick(server.port(), "web", n % 2 == 0 ? "" : R"(, "rise": 4)"), TestServer::loopback()}});
  }
  for (auto& reader : readers) reader.join();
  CHECK(monitor.status().size() == 1);
}
