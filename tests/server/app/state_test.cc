// SPDX-License-Identifier: Apache-2.0
// What is served while the health thread really hangs, and once it runs again.
#include "server/app/state.h"

#include <condition_variable>
#include <functional>
#include <mutex>

#include "core/log.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using health::Verdict;

namespace {

const char* const kConfig = R"({
  "listen": ["127.0.0.1:0"], "zones": ["zone.json"],
  "checks": {"c": {"type": "file", "path": "state-{address}", "interval": "50ms", "rise": 1, "fall": 1}},
  "pools": {"p": {"alive": "c", "members": [{"address": "192.0.2.1"}, {"address": "192.0.2.2"}]}}})";
const char* const kZone = R"({"zone": "a.test", "records": {"@": {"NS": "ns.b."}, "www": {"pool": "p"}}})";

/// A state whose verdicts come from files, and a health thread that hangs when it is told to.
class World {
 public:
  World() {
    log::set_level(log::Level::off);
    files_.write("zone.json", kZone);
    files_.write("gslbd.json", kConfig);
    say("192.0.2.1", "up");
    say("192.0.2.2", "up");
    Diagnostics diagnostics;
    auto loaded = load(files_.config(), nullptr, diagnostics);
    for (const auto& d : diagnostics.all()) UNSCOPED_INFO(d.to_string());
    REQUIRE(loaded.has_value());
    state.install(make_edition(std::move(*loaded), {}), {});
  }
  ~World() {
    let_run();
    log::set_level(log::Level::info);
  }

  void say(const std::string& address, const std::string& verdict) {
    files_.write("state-" + address, verdict);
  }
  /// Takes what the health thread reports until `done`.
  void apply_until(const std::function<bool()>& done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !reported_.empty(); }));
      const auto changes = std::exchange(reported_, {});
      lock.unlock();
      state.apply(changes);
    }
  }
  /// The next report hangs; returns when it does.
  void wait_until_it_hangs() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [this] { return hanging_; }));
  }
  void hang() {
    const std::lock_guard lock(mutex_);
    hang_ = true;
  }
  void let_run() {
    const std::lock_guard lock(mutex_);
    hang_ = false;
    changed_.notify_all();
  }
  /// The members that an answer holds.
  std::vector<std::uint32_t> answered() const { return state.steering().decide(0, Family::v4).members; }
  Verdict verdict(std::uint32_t member) const { return state.steering().verdict(0, member, 0); }

 private:
  void take(std::span<const health::VerdictChange> changes) {
    std::unique_lock lock(mutex_);
    reported_.insert(reported_.end(), changes.begin(), changes.end());
    hanging_ = hang_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hang_; });
    hanging_ = false;
  }

  Files files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<health::VerdictChange> reported_;
  bool hang_ = false;
  bool hanging_ = false;
  health::Monitor monitor_{{}, {[this](auto changes) { take(changes); }, {}, {}}};

 public:
  State state{monitor_, 1, {[](auto) {}, [](auto) {}}};
};

using Members = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("verdicts of a health thread that hangs are forgotten, and recalled when it runs again") {
  World world;
  world.apply_until([&] { return world.verdict(0) == Verdict::up && world.verdict(1) == Verdict::up; });
  world.say("192.0.2.1", "down");
  world.apply_until([&] { return world.verdict(0) == Verdict::down; });
  CHECK(world.answered() == Members{1});
  CHECK_FALSE(world.state.out_of_step());

  // It dies with its last word half said: that the second one is down, too.
  world.hang();
  world.say("192.0.2.2", "down");
  world.wait_until_it_hangs();
  world.state.forget_verdicts();
  CHECK(world.state.out_of_step());
  CHECK(world.answered() == Members{0, 1});  // unknown counts as up
  CHECK(world.verdict(0) == Verdict::unknown);

  world.say("192.0.2.1", "up");
  world.let_run();
  world.state.recall_verdicts();
  CHECK_FALSE(world.state.out_of_step());
  CHECK(world.verdict(1) == Verdict::down);
  CHECK(world.verdict(0) != Verdict::unknown);
  world.apply_until([&] { return world.answered() == Members{0}; });
}

TEST_CASE("a health thread that does not come back is asked again") {
  World world;
  world.apply_until([&] { return world.verdict(0) == Verdict::up && world.verdict(1) == Verdict::up; });
  world.hang();
  world.say("192.0.2.2", "down");
  world.wait_until_it_hangs();
  world.state.forget_verdicts();
  CHECK_THROWS_AS(world.state.recall_verdicts(), std::runtime_error);
  CHECK(world.state.out_of_step());
  CHECK(world.answered() == Members{0, 1});
  world.let_run();
  world.state.recall_verdicts();
  CHECK_FALSE(world.state.out_of_step());
  CHECK(world.verdict(1) == Verdict::down);
}
