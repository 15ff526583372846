// SPDX-License-Identifier: Apache-2.0
#include "server/journal/timeline.h"

#include <deque>

#include "core/random.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;
using health::Verdict;

namespace {

const WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

}  // namespace

TEST_CASE("what is not known is neither up nor down") {
  Timeline t;
  CHECK_FALSE(t.share(kStart, 1h).ratio().has_value());
  CHECK(t.share(kStart, 1h).unknown == 1h);
  CHECK(t.blank(kStart));
  t.set(kStart, Verdict::up);
  const Share share = t.share(kStart + 15min, 1h);
  CHECK(share.up == 15min);
  CHECK(share.unknown == 45min);
  CHECK(share.ratio() == 1.0);
}

TEST_CASE("a window counts only what lies in it") {
  Timeline t;
  t.set(kStart, Verdict::up);
  t.set(kStart + 2h, Verdict::down);
  t.set(kStart + 2h + 6min, Verdict::up);
  const WallTime now = kStart + 3h;
  CHECK(t.share(now, 1h).down == 6min);
  CHECK(t.share(now, 1h).up == 54min);
  CHECK(t.share(now, 30min).down == 0s);
  CHECK(t.share(now, 57min).down == 3min);
  CHECK(t.share(now, 24h).up == 2h + 54min);
  CHECK(t.share(now, 24h).unknown == 21h);
  CHECK(*t.share(now, 1h).ratio() == Approx(0.9));
}

TEST_CASE("the same verdict again changes nothing, and a clock that goes back counts as standing still") {
  Timeline t;
  t.set(kStart, Verdict::up);
  t.set(kStart + 1min, Verdict::up);
  CHECK(t.span_count() == 0);
  t.set(kStart - 1h, Verdict::down);
  t.set(kStart + 1h, Verdict::up);
  CHECK(t.share(kStart + 1h, 2h).down == 1h);
  CHECK(t.share(kStart - 5h, 2h).down == 1h);  // asked for a time before the last change
}

TEST_CASE("a state that lasts longer than the window fills it") {
  Timeline t;
  t.set(kStart, Verdict::down);
  t.set(kStart + 24h * 90, Verdict::up);
  CHECK(t.share(kStart + 24h * 90, Timeline::kKept).down == Timeline::kKept);
  CHECK(t.share(kStart + 24h * 105, Timeline::kKept).down == 24h * 15);
}

TEST_CASE("a month of flapping is kept in bounded memory, and its figures agree with the exact ones") {
  Random random(7);
  Timeline t;
  std::deque<std::pair<WallTime, Verdict>> exact;  // changes
  WallTime now = kStart;
  std::size_t most = 0;
  while (now < kStart + Timeline::kKept) {
    // Every day flaps in its own way, so that a mean over days would be found out.
    const auto day = (now - kStart) / 24h;
    const bool up = exact.size() % 2 == 0;
    t.set(now, up ? Verdict::up : Verdict::down);
    exact.emplace_back(now, up ? Verdict::up : Verdict::down);
    now += 1s * (1 + random.below(up ? 20 : static_cast<std::uint32_t>(10 + 20 * day)));
    most = std::max(most, t.span_count());
  }
  CHECK(exact.size() > 40'000);
  CHECK(most <= 2048);
  for (const Duration window : {Duration(1h), Duration(24h), Duration(Timeline::kKept)}) {
    Duration up{0};
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const WallTime end = i + 1 < exact.size() ? exact[i + 1].first : now;
      const WallTime start = std::max(exact[i].first, now - window);
      if (exact[i].second == Verdict::up && end > start) up += end - start;
    }
    const Share share = t.share(now, window);
    CHECK(to_seconds(share.up) / to_seconds(window) ==
          Approx(to_seconds(up) / to_seconds(window)).margin(0.02));
  }
}
