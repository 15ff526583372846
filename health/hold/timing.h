// SPDX-License-Identifier: Apache-2.0
#pragma once
// When held connections are opened: values that know no clock and no socket.
//
// Thread: one at a time.

#include <algorithm>
#include <optional>

#include "core/time.h"

namespace gslbd::health {

/// Hands out moments to begin: at once to whoever comes alone, one after the other to a crowd, as at the
/// start or when a site of thousands returns.
class Turns {
 public:
  /// Twenty a millisecond: ten thousand take half a second.
  static constexpr Duration kApart = std::chrono::microseconds(50);

  MonotonicTime take(MonotonicTime now) {
    const MonotonicTime turn = std::max(now, next_);
    next_ = turn + kApart;
    return turn;
  }

 private:
  MonotonicTime next_{};
};

/// After how long a peer closes idle connections, learnt from those that it closed. Death does not come by
/// the clock: two connections in a row that lived equally long were closed for being idle.
class IdleLimit {
 public:
  /// Below this we would renew more often than it is worth.
  static constexpr Duration kShortest = std::chrono::seconds(2);

  /// The peer closed a connection that had lived this long.
  void closed_after(Duration lived) {
    const auto [shorter, longer] = std::minmax(lived, last_);
    if (lived >= kShortest && longer - shorter <= lived / 10) limit_ = shorter;
    last_ = lived;
  }
  /// How long a connection may live before it is renewed, a little before the peer would close it; nullopt:
  /// for ever.
  std::optional<Duration> renew_after() const {
    if (!limit_) return std::nullopt;
    return *limit_ / 5 * 4;
  }

 private:
  Duration last_{0};
  std::optional<Duration> limit_;
};

}  // namespace gslbd::health
