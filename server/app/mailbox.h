// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mailbox: work handed to the main loop from other threads. The health thread posts verdicts, the HTTP
// threads ask for what only main may read.
//
// Thread: post() and ask() from any; the rest from the loop's own.

#include <uv.h>

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace gslbd::server {

class Mailbox {
 public:
  explicit Mailbox(uv_loop_t& loop);
  /// After close() has run and the loop has turned once more.
  ~Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Runs `work` on the loop, soon, in the order of posting. Dropped after close().
  void post(std::function<void()> work);

  /// Runs `question` on the loop and waits for its result; nullopt when the loop does not come to it in time.
  /// What the question throws is thrown here.
  template <class F>
  auto ask(F question, std::chrono::milliseconds patience) -> std::optional<decltype(question())> {
    using Answer = decltype(question());
    auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = promise->get_future();
    // The promise goes with the work: work that is dropped breaks it, and the wait ends.
    post([promise = std::move(promise), question = std::move(question)] {
      try {
        promise->set_value(question());
      } catch (...) {
        promise->set_exception(std::current_exception());  // the asker's problem, not the loop's
      }
    });
    if (answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
    try {
      return answer.get();
    } catch (const std::future_error&) {
      return std::nullopt;  // closed before it was asked
    }
  }

  void close();

 private:
  void deliver();

  uv_async_t async_{};
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  bool closed_ = false;
};

}  // namespace gslbd::server
