// SPDX-License-Identifier: Apache-2.0
#include "core/published.h"

#if defined(__SANITIZE_THREAD__)
#include <algorithm>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace gslbd {
namespace {

// Epoch counters: a reader is quiet when its counter is 0 (offline) or has reached the writer's epoch.
struct Registry {
  std::mutex mutex;
  std::vector<std::atomic<std::uint64_t>*> readers;
  std::atomic<std::uint64_t> epoch{1};
};
Registry& registry() {
  static Registry instance;
  return instance;
}
thread_local std::atomic<std::uint64_t> seen{0};

}  // namespace

ReaderRegistration::ReaderRegistration() {
  const std::scoped_lock lock(registry().mutex);
  registry().readers.push_back(&seen);
  online();
}

ReaderRegistration::~ReaderRegistration() {
  offline();
  const std::scoped_lock lock(registry().mutex);
  std::erase(registry().readers, &seen);
}

void ReaderRegistration::quiescent() noexcept {
  seen.store(registry().epoch.load());
}
void ReaderRegistration::offline() noexcept {
  seen.store(0);
}
void ReaderRegistration::online() noexcept {
  seen.store(registry().epoch.load());
}

void wait_for_readers() {
  const std::scoped_lock lock(registry().mutex);
  const std::uint64_t target = registry().epoch.fetch_add(1) + 1;
  for (const auto* reader : registry().readers) {
    for (auto at = reader->load(); at != 0 && at < target; at = reader->load()) std::this_thread::yield();
  }
}

}  // namespace gslbd

#else
#include <urcu-qsbr.h>

namespace gslbd {

ReaderRegistration::ReaderRegistration() {
  urcu_qsbr_register_thread();
}
ReaderRegistration::~ReaderRegistration() {
  urcu_qsbr_unregister_thread();
}
void ReaderRegistration::quiescent() noexcept {
  urcu_qsbr_quiescent_state();
}
void ReaderRegistration::offline() noexcept {
  urcu_qsbr_thread_offline();
}
void ReaderRegistration::online() noexcept {
  urcu_qsbr_thread_online();
}
void wait_for_readers() {
  urcu_qsbr_synchronize_rcu();
}

}  // namespace gslbd
#endif
