// SPDX-License-Identifier: Apache-2.0
#include "core/published.h"

#include <thread>
#include <vector>

#include "tests/support/catch.h"

using namespace gslbd;

namespace {

// Two values that are equal in every snapshot ever published, and spoilt on destruction.
struct Pair {
  explicit Pair(int n) : a(n), b(n) {}
  ~Pair() { a = -1, b = -2; }
  int a, b;
};

}  // namespace

TEST_CASE("readers see whole snapshots while a writer replaces them") {
  Published<Pair> slot(std::make_unique<Pair>(0));
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<std::uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      ReaderRegistration me;
      while (!stop.load()) {
        for (int n = 0; n < 100; ++n) {
          const Pair* p = slot.read();
          if (p->a != p->b) ++torn;
          ++reads;
        }
        me.quiescent();
      }
      me.offline();
      me.online();
    });
  }
  while (reads.load() < 1000) std::this_thread::yield();
  for (int n = 1; n <= 500; ++n) slot.publish(std::make_unique<Pair>(n));
  stop = true;
  for (auto& t : readers) t.join();
  CHECK(torn.load() == 0);
  CHECK(slot.read()->a == 500);
}

TEST_CASE("an offline reader does not hold up the writer") {
  Published<Pair> slot(std::make_unique<Pair>(0));
  std::atomic<int> stage{0};
  std::thread reader([&] {
    ReaderRegistration me;
    me.offline();
    stage = 1;
    while (stage.load() != 2) std::this_thread::yield();
    me.online();
  });
  while (stage.load() != 1) std::this_thread::yield();
  slot.publish(std::make_unique<Pair>(1));  // would hang here if it waited
  stage = 2;
  reader.join();
  CHECK(slot.read()->a == 1);
}
