// SPDX-License-Identifier: Apache-2.0
#include "server/journal/timeline.h"

#include <algorithm>
#include <cmath>

namespace gslbd::server {
namespace {

using std::chrono::milliseconds;
using Verdict = health::Verdict;

// After merging at most 2 * 32 * ln(30 days / shortest span) spans are left: under a thousand.
constexpr std::size_t kMergeAt = 2048;
constexpr std::int64_t kAgeParts = 32;
constexpr std::int64_t kKept_ms = milliseconds(Timeline::kKept).count();

std::int64_t to_ms(WallTime t) {
  return std::chrono::floor<milliseconds>(t).time_since_epoch().count();
}

}  // namespace

std::optional<double> Share::ratio() const {
  const Duration known = up + down;
  if (known <= Duration::zero()) return std::nullopt;
  return to_seconds(up) / to_seconds(known);
}

void Timeline::set(WallTime at, Verdict state) {
  if (state == state_) return;
  const std::int64_t now_ms = std::max(to_ms(at), since_ms_);
  close_span(now_ms);
  state_ = state;
  since_ms_ = now_ms;
  if (spans_.size() >= kMergeAt) merge(now_ms);
}

void Timeline::close_span(std::int64_t end_ms) {
  // The time before the first state that was known is unknown without a span of its own.
  if (end_ms == since_ms_ || (spans_.empty() && state_ == Verdict::unknown)) return;
  const std::int64_t start_ms = std::max(since_ms_, end_ms - kKept_ms);
  if (start_ms != since_ms_) spans_.clear();  // all older than the window
  const auto length = static_cast<std::uint32_t>(end_ms - start_ms);
  spans_.push_back({start_ms, state_ == Verdict::up ? length : 0, state_ == Verdict::down ? length : 0});
}

void Timeline::merge(std::int64_t now_ms) {
  std::vector<Span> merged;  // from the newest
  std::int64_t end_ms = since_ms_;
  std::int64_t group_end_ms = since_ms_;
  for (auto span = spans_.rbegin(); span != spans_.rend(); ++span) {
    if (end_ms <= now_ms - kKept_ms) break;
    const bool joins =
        !merged.empty() && group_end_ms - span->start_ms <= (now_ms - group_end_ms) / kAgeParts;
    if (joins) {
      Span& group = merged.back();
      group.start_ms = span->start_ms;
      group.up_ms += span->up_ms;
      group.down_ms += span->down_ms;
    } else {
      merged.push_back(*span);
      group_end_ms = end_ms;
    }
    end_ms = span->start_ms;
  }
  spans_.assign(merged.rbegin(), merged.rend());
}

Share Timeline::share(WallTime now, Duration window) const {
  const std::int64_t now_ms = std::max(to_ms(now), since_ms_);
  const std::int64_t window_ms = std::min(std::chrono::floor<milliseconds>(window).count(), kKept_ms);
  const std::int64_t from_ms = now_ms - window_ms;
  double up_ms = 0;
  double down_ms = 0;
  const auto open_ms = static_cast<double>(now_ms - std::max(since_ms_, from_ms));
  if (state_ == Verdict::up) up_ms += open_ms;
  if (state_ == Verdict::down) down_ms += open_ms;
  std::int64_t end_ms = since_ms_;
  for (auto span = spans_.rbegin(); span != spans_.rend() && end_ms > from_ms; ++span) {
    const auto length = static_cast<double>(end_ms - span->start_ms);
    const auto inside = static_cast<double>(end_ms - std::max(span->start_ms, from_ms));
    up_ms += span->up_ms * (inside / length);
    down_ms += span->down_ms * (inside / length);
    end_ms = span->start_ms;
  }
  const auto duration = [](double ms) { return Duration(milliseconds(std::llround(ms))); };
  Share share{duration(up_ms), duration(down_ms), Duration(0)};
  share.unknown = std::max(Duration(0), Duration(milliseconds(window_ms)) - share.up - share.down);
  return share;
}

bool Timeline::blank(WallTime now) const {
  const Share all = share(now, kKept);
  return all.up == Duration(0) && all.down == Duration(0);
}

}  // namespace gslbd::server
