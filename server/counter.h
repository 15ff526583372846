// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counter: a number that one thread counts up and others read at scrape time. A relaxed load and store cost
// the owner a plain add (no locked instruction), which is right only because there is a single writer.
//
// Thread: add() from the owner alone; value() from any.

#include <atomic>
#include <cstdint>

namespace gslbd::server {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace gslbd::server
