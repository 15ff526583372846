// SPDX-License-Identifier: Apache-2.0
#include "server/app/mailbox.h"

#include <stdexcept>
#include <thread>

#include "tests/support/catch.h"

using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

// A loop on a thread of its own, until its mailbox is closed.
class LoopThread {
 public:
  LoopThread() : mailbox_(loop_), thread_([this] { uv_run(&loop_, UV_RUN_DEFAULT); }) {}
  ~LoopThread() {
    mailbox_.post([this] { mailbox_.close(); });
    thread_.join();
    uv_loop_close(&loop_);
  }
  Mailbox& mailbox() { return mailbox_; }

 private:
  struct Loop : uv_loop_t {
    Loop() : uv_loop_t{} { uv_loop_init(this); }
  };
  Loop loop_;
  Mailbox mailbox_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("what is asked is answered on the loop, in order") {
  LoopThread loop;
  int count = 0;
  for (int i = 0; i < 100; ++i) loop.mailbox().post([&count] { ++count; });
  CHECK(loop.mailbox().ask([&count] { return count; }, 30s) == 100);
  const auto where = loop.mailbox().ask([] { return std::this_thread::get_id(); }, 30s);
  CHECK(where != std::this_thread::get_id());
}

TEST_CASE("what a question throws reaches the asker, and the loop goes on") {
  LoopThread loop;
  CHECK_THROWS_AS(loop.mailbox().ask([]() -> int { throw std::runtime_error("no"); }, 30s),
                  std::runtime_error);
  CHECK(loop.mailbox().ask([] { return 1; }, 30s) == 1);
}

TEST_CASE("a closed mailbox answers nobody, at once") {
  uv_loop_t loop;
  uv_loop_init(&loop);
  Mailbox mailbox(loop);
  // The loop does not turn: the question waits, or comes too late.
  bool answered = true;
  std::thread asker([&] { answered = mailbox.ask([] { return 1; }, 30s).has_value(); });
  mailbox.close();
  asker.join();
  CHECK_FALSE(answered);
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK_FALSE(mailbox.ask([] { return 1; }, 30s).has_value());
  uv_loop_close(&loop);
}
