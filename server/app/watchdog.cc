// SPDX-License-Identifier: Apache-2.0
#include "server/app/watchdog.h"

#include <systemd/sd-daemon.h>

#include <algorithm>

#include "core/log.h"

namespace gslbd::server {
namespace {

constexpr std::uint64_t kPeriod_ms = 500;
constexpr Duration kPeriod = std::chrono::milliseconds(kPeriod_ms);

}  // namespace

WatchdogState::Step WatchdogState::tick(Duration silence, Duration since_last, Duration period) {
  // Whoever has spoken since the last tick is well, and what was paused before does not matter any more.
  if (silence <= since_last) paused_ = Duration{0};
  paused_ += std::max(since_last - 2 * period, Duration{0});
  const Duration counted = silence - std::min(silence, paused_);
  // A tick that comes late finds the thread silent for as long: it gets the next period to speak up.
  const bool late = since_last > 2 * period;
  if (!late && counted >= kLostAfter && !lost_) {
    alarmed_ = lost_ = true;
    return Step::lost;
  }
  if (!late && counted >= kAlarmAfter && !alarmed_) {
    alarmed_ = true;
    return Step::alarm;
  }
  if (counted < kAlarmAfter && alarmed_) {
    alarmed_ = false;
    lost_ = false;
    return Step::back;
  }
  return Step::none;
}

Watchdog::Watchdog(uv_loop_t& loop, const Clock& clock, Events events)
    : clock_(clock), events_(std::move(events)) {
  uv_timer_init(&loop, &timer_);
  timer_.data = this;
}

void Watchdog::start() {
  last_tick_ = clock_.now();
  uv_timer_start(
      &timer_, [](uv_timer_t* t) { static_cast<Watchdog*>(t->data)->tick(); }, kPeriod_ms, kPeriod_ms);
}

void Watchdog::close() {
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

void Watchdog::tick() {
  const MonotonicTime now = clock_.now();
  const Duration silence = events_.silence();
  switch (state_.tick(silence, now - last_tick_, kPeriod)) {
    case WatchdogState::Step::none:
      break;
    case WatchdogState::Step::alarm:
      log::error("the health thread has not run for {}: nothing is probed", format_duration(silence));
      break;
    case WatchdogState::Step::lost:
      log::error("the health thread has not run for {}: its verdicts are not believed any more",
                 format_duration(silence));
      events_.on_lost();
      break;
    case WatchdogState::Step::back:
      log::warning("the health thread runs again");
      break;
  }
  if (silence < 2 * kPeriod) events_.on_well();
  last_tick_ = now;
  // The service manager restarts a server that cannot watch over its sites (WatchdogSec= in the unit).
  if (!state_.alarmed()) sd_notify(0, "WATCHDOG=1");
}

}  // namespace gslbd::server
