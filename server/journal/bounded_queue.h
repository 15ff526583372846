// SPDX-License-Identifier: Apache-2.0
#pragma once
// BoundedQueue: hands values to the one thread that works them off. Who puts one in never waits for the work:
// a full queue refuses, and counts what it refused.
//
// Thread: put(), close() and refused() from any; take() from one.

#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/time.h"

namespace gslbd::server {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) {}

  /// False: refused. `reserve` places stay free for values that matter more than this one.
  bool put(T value, std::size_t reserve = 0) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || values_.size() + reserve >= limit_) {
        ++refused_;
        return false;
      }
      values_.push_back(std::move(value));
    }
    news_.notify_one();
    return true;
  }

  /// Everything that waits, in its order: at once when there is anything or the queue is closed, else when
  /// something comes, and at `until` in any case.
  std::vector<T> take(std::optional<MonotonicTime> until) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return closed_ || !values_.empty(); };
    if (until) {
      news_.wait_until(lock, *until, ready);
    } else {
      news_.wait(lock, ready);
    }
    return std::exchange(values_, {});
  }

  /// From now on everything is refused; take() gives what is left and then waits no more.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    news_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::uint64_t refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<T> values_;
  std::uint64_t refused_ = 0;
  bool closed_ = false;
};

}  // namespace gslbd::server
