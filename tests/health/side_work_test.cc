// SPDX-License-Identifier: Apache-2.0
#include "health/side_work.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "health/uv_loop.h"
#include "tests/support/catch.h"

using namespace gslbd::health;

namespace {

/// A job that hangs until it is let go. Shared, since it may outlive the test.
struct Hang : std::enable_shared_from_this<Hang> {
  std::counting_semaphore<> let_go{0};
  std::counting_semaphore<> begun{0};
  std::atomic<int> ended{0};
  SideWork::Job job(SideWork::Done done = {}) {
    return [self = shared_from_this(), done] {
      self->begun.release();
      self->let_go.acquire();
      ++self->ended;
      return done;
    };
  }
};

}  // namespace

TEST_CASE("jobs of one lane run one after the other, away from the loop, and report to it") {
  UvLoop loop;
  std::vector<int> done;
  std::atomic<int> running = 0;
  for (int i = 0; i < 100; ++i) {
    loop.side_work().run("lane", [&, i]() -> SideWork::Done {
      const bool alone = running++ == 0 && std::this_thread::get_id() != std::thread::id();
      --running;
      return [&, i, alone] {
        CHECK(alone);
        done.push_back(i);
        if (i == 99) loop.stop();
      };
    });
  }
  loop.run();
  REQUIRE(done.size() == 100);
  CHECK(std::is_sorted(done.begin(), done.end()));
}

TEST_CASE("a lane that hangs holds up no other") {
  const auto hang = std::make_shared<Hang>();
  UvLoop loop;
  for (int i = 0; i < 20; ++i) loop.side_work().run("hanging", hang->job());
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    loop.side_work().run(std::to_string(i), [&] {
      return [&] {
        if (++done == 20) loop.stop();
      };
    });
  }
  loop.run();
  CHECK(done == 20);
  CHECK(hang->ended == 0);
  hang->let_go.release();
}

TEST_CASE("what hangs does not keep the loop from ending, and is not reported to it") {
  const auto hang = std::make_shared<Hang>();
  bool reported = false;
  {
    UvLoop loop;
    loop.side_work().run("lane", hang->job([&reported] { reported = true; }));
    hang->begun.acquire();
  }
  hang->let_go.release();
  CHECK_FALSE(reported);
}
