// SPDX-License-Identifier: Apache-2.0
#include "server/app/watchdog.h"

#include <pthread.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "core/log.h"
#include "core/signals_blocked.h"

namespace gslbd::server {
namespace {

constexpr Duration kPeriod = std::chrono::milliseconds(500);

void tell(const std::string& name, WatchdogState::Step step, Duration silence) {
  switch (step) {
    case WatchdogState::Step::none:
      break;
    case WatchdogState::Step::alarm:
      log::error("thread {} has not run for {}", name, format_duration(silence));
      break;
    case WatchdogState::Step::lost:
      log::error("thread {} has still not run for {}{}", name, format_duration(silence),
                 name == kHealthThread ? ": its verdicts are not believed any more" : "");
      break;
    case WatchdogState::Step::back:
      log::warning("thread {} runs again", name);
      break;
  }
}

}  // namespace

Duration Pulse::silence() {
  const MonotonicTime now = clock_->now();
  if (const std::uint64_t turns = turns_->value(); turns != seen_) {
    seen_ = turns;
    since_ = now;
  }
  return now - since_;
}

WatchdogState::Step WatchdogState::tick(Duration silence, Duration since_last, Duration period) {
  // Whoever has spoken since the last tick is well, and what was paused before does not matter any more.
  if (silence <= since_last) paused_ = Duration{0};
  paused_ += std::max(since_last - 2 * period, Duration{0});
  const Duration counted = silence - std::min(silence, paused_);
  // A tick that comes late finds a thread silent for as long: it gets the next period to speak up.
  const bool late = since_last > 2 * period;
  if (!late && counted >= kLostAfter && !lost_) {
    alarmed_ = lost_ = true;
    return Step::lost;
  }
  if (!late && counted >= alarm_after_ && !alarmed_) {
    alarmed_ = true;
    return Step::alarm;
  }
  if (counted < alarm_after_ && alarmed_) {
    alarmed_ = false;
    lost_ = false;
    return Step::back;
  }
  return Step::none;
}

void Watchdog::start() {
  last_tick_ = clock_.now();
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "watchdog");
}

void Watchdog::watch(Watched thread) {
  const WatchdogState state(thread.alarm_after);
  const std::scoped_lock lock(mutex_);
  entries_.push_back({std::move(thread), state});
}

void Watchdog::close() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::vector<ThreadReport> Watchdog::report() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ThreadReport> all;
  for (const Entry& e : entries_) all.push_back({e.thread.name, e.state.alarmed(), e.state.lost()});
  return all;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return closing_; })) {
    lock.unlock();
    try {
      tick();
    } catch (const std::exception& e) {  // out of memory
      log::error("watchdog: {}", e.what());
    }
    lock.lock();
  }
}

// What is told and called comes after the lock: it may wait for others, and nobody may have to wait for that.
void Watchdog::tick() {
  struct News {
    const Watched* thread;
    WatchdogState::Step step;
    Duration silence;
  };
  std::vector<News> news;
  bool all_run = true;
  const MonotonicTime now = clock_.now();
  const Duration since_last = now - std::exchange(last_tick_, now);
  {
    const std::scoped_lock lock(mutex_);
    news.reserve(entries_.size());
    for (Entry& e : entries_) {
      const Duration silence = e.thread.silence();
      const WatchdogState::Step step = e.state.tick(silence, since_last, kPeriod);
      if (step != WatchdogState::Step::none) news.push_back({&e.thread, step, silence});
      all_run = all_run && !e.state.alarmed();
    }
  }
  if (all_run) sd_notify(0, "WATCHDOG=1");
  for (const News& each : news) {
    // First what matters: telling may fail for want of memory.
    if (each.step == WatchdogState::Step::lost && each.thread->on_lost) each.thread->on_lost();
    tell(each.thread->name, each.step, each.silence);
  }
  on_tick_();
}

bool is_stuck(const std::vector<ThreadReport>& threads, std::string_view name) {
  return std::ranges::any_of(threads, [&](const ThreadReport& t) { return t.stuck && t.name == name; });
}

}  // namespace gslbd::server
