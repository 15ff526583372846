// SPDX-License-Identifier: Apache-2.0
#pragma once
// Published<T>: a snapshot that one thread replaces and many threads read without locks (RCU).
//
// Readers are threads that hold a ReaderRegistration. Between two quiescent points (quiescent(), or the end
// of an offline period) a pointer from read() stays valid; after one it must be fetched again. A reader goes
// offline around anything that can block, or the writer would wait for it.
//
//   reader thread:  ReaderRegistration me;                    writer thread:
//                   loop { me.offline(); wait for work;         slot.publish(std::make_unique<T>(...));
//                          me.online();  use slot.read();       // swaps, waits for the readers that may
//                          still me.quiescent(); }                    // hold the old one, destroys it
//
// Only published.cc knows the RCU library (liburcu's QSBR flavour). Under ThreadSanitizer, which does not
// know liburcu 0.13's assembly, the same interface runs on plain atomics.

#include <atomic>
#include <memory>

namespace gslbd {

/// Thread: created, used and destroyed by the one thread it registers. At most one a thread.
class ReaderRegistration {
 public:
  ReaderRegistration();
  ~ReaderRegistration();
  ReaderRegistration(const ReaderRegistration&) = delete;
  ReaderRegistration& operator=(const ReaderRegistration&) = delete;

  /// "I hold no snapshot now." Cheap: call it once a batch.
  void quiescent() noexcept;
  /// "I hold none until online()": before every wait.
  void offline() noexcept;
  void online() noexcept;
};

/// Waits until every registered reader has passed a quiescent point since the call, or is offline.
/// Thread: any that is not an online reader.
void wait_for_readers();

/// Thread: read() from registered online readers, or from the writer's own thread; the rest from one writer.
template <class T>
class Published {
 public:
  Published() = default;
  explicit Published(std::unique_ptr<const T> first) : current_(first.release()) {}
  ~Published() { delete current_.load(std::memory_order_relaxed); }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  /// nullptr before the first publication.
  const T* read() const noexcept { return current_.load(std::memory_order_acquire); }

  /// Swaps without waiting: the caller keeps what comes back alive until wait_for_readers() has returned.
  /// For several swaps under one grace period.
  [[nodiscard]] std::unique_ptr<const T> exchange(std::unique_ptr<const T> next) noexcept {
    return std::unique_ptr<const T>(current_.exchange(next.release(), std::memory_order_acq_rel));
  }

  /// Swaps, waits for the readers and destroys the old snapshot.
  void publish(std::unique_ptr<const T> next) {
    const auto old = exchange(std::move(next));
    wait_for_readers();
  }

 private:
  std::atomic<const T*> current_{nullptr};
};

}  // namespace gslbd
