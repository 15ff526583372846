// SPDX-License-Identifier: Apache-2.0
#pragma once
// Timeline: for how long something was up, down or unknown, over the last 30 days, in bounded memory.
//
// Spans of one state are kept exactly while there are few of them. When they become many, neighbours are
// merged where they are short against their age (1/32): what flaps a thousand times a day keeps its sums, and
// a window that begins within a merged span counts its share of it.
//
// Thread: one at a time.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.h"
#include "health/hysteresis.h"

namespace gslbd::server {

/// How a window of time was spent. What is not up or down was unknown, or lies before anything was known.
struct Share {
  Duration up{0};
  Duration down{0};
  Duration unknown{0};

  /// Up against up and down; nullopt when nothing is known of the window.
  std::optional<double> ratio() const;
};

class Timeline {
 public:
  static constexpr std::chrono::hours kKept{30 * 24};

  /// From `at` on the state is this one. A time before the last change counts as that of the last change.
  void set(WallTime at, health::Verdict state);
  health::Verdict state() const { return state_; }
  /// The window that ends `now`, at most kKept long.
  Share share(WallTime now, Duration window) const;
  /// True when nothing of the window that ends now is known.
  bool blank(WallTime now) const;
  std::size_t span_count() const { return spans_.size(); }

 private:
  struct Span {
    std::int64_t start_ms;
    std::uint32_t up_ms;  ///< 30 days fit; longer spans are cut when they end
    std::uint32_t down_ms;
  };
  void close_span(std::int64_t end_ms);
  void merge(std::int64_t now_ms);

  std::vector<Span> spans_;  ///< ended, in order, without gaps; the last ends at since_ms_
  health::Verdict state_ = health::Verdict::unknown;
  std::int64_t since_ms_ = 0;
};

}  // namespace gslbd::server
