// SPDX-License-Identifier: Apache-2.0
#include "health/monitor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/log.h"
#include "core/signals_blocked.h"
#include "health/dispatch_transport.h"
#include "health/heartbeats.h"
#include "health/hold/connection_holder.h"
#include "health/uv_loop.h"

namespace gslbd::health {

namespace {

// How often the health thread shows that it runs.
constexpr Duration kPulse = std::chrono::milliseconds(250);

std::int64_t ticks(MonotonicTime t) {
  return t.time_since_epoch().count();
}

void log_event(const Event& e) {
  const std::string target = e.address.to_string();
  switch (e.kind) {
    case EventKind::verdict:
      return log::info("check {} on {}: {} -> {}{}{}", e.check, target, verdict_name(e.from),
                       verdict_name(e.to), e.detail.empty() ? "" : ": ", e.detail);
    case EventKind::held_down:
      return log::info("check {} on {} passes again, but {}", e.check, target, e.detail);
    case EventKind::hold_lost:
      return log::info("check {} on {}: held connection lost ({}): probing at once", e.check, target,
                       e.detail);
    case EventKind::stale:
      return log::warning("check {} on {}: {}: its verdict is not believed any more", e.check, target,
                          e.detail);
    case EventKind::starved:
      return log::error("probes fail for want of local resources: check {} on {}: {}", e.check, target,
                        e.detail);
    case EventKind::isolated:
      return log::error("isolated: {}", e.detail);
    case EventKind::connected:
      return log::warning("no longer isolated: {}, after {}", e.detail, format_duration(e.duration));
    case EventKind::outcome:
      return log::debug("check {} on {}: {} {}", e.check, target, reason_name(e.reason), e.detail);
  }
}

}  // namespace

// Everything but the loop's mailbox, the pulse and the last reports belongs to the health thread; it is made
// before the thread starts and destroyed after it has ended. The order of members is the order in which they
// need each other.
struct Monitor::Impl {
  Impl(const Options& options, Events wanted)
      : events(std::move(wanted)),
        transport({loop, heartbeats}),
        holder(loop, {.seed = options.seed}),
        engine(options, clock, loop, transport,
               {.on_change = [this](const VerdictChange& c, const TargetStatus&) { changed(c); },
                .on_first_round = [this] { first_round(); },
                .on_event = [this](const Event& e) { happened(e); }},
               &holder) {
    beat();
  }

  void changed(const VerdictChange& change);
  void report_changes();
  void first_round();
  void happened(const Event& event);
  void beat();

  /// Runs `work` on the health thread and waits for what it returns; nullopt when that takes too long. `work`
  /// may then still run: it must own what it needs.
  template <class Work>
  auto ask(Work work) -> std::optional<decltype(work())> {
    const auto promise = std::make_shared<std::promise<decltype(work())>>();
    auto answer = promise->get_future();
    loop.post([promise, work = std::move(work)]() mutable { promise->set_value(work()); });
    if (answer.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
    return answer.get();
  }
  template <class Work>
  auto demand(Work work) -> decltype(work()) {
    auto answer = ask(std::move(work));
    if (!answer) throw std::runtime_error("the health thread does not answer");
    return std::move(*answer);
  }
  /// One that has just been silent is not waited for: what is known is told, at once.
  bool runs() const {
    constexpr Duration kFresh = std::chrono::seconds(1);
    return clock.now() - MonotonicTime(Duration(pulse.load(std::memory_order_relaxed))) < kFresh;
  }
  /// What `work` reports, or what it reported last.
  template <class Report, class Work>
  Report ask_or_remember(Report& last, Work work) {
    auto fresh = runs() ? ask(std::move(work)) : std::nullopt;
    const std::lock_guard lock(reports_mutex);
    if (fresh) last = std::move(*fresh);
    return last;
  }

  Events events;
  std::vector<VerdictChange> changes;  // of this turn of the loop, not yet reported
  TimerId report;
  SystemClock clock;
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport;
  ConnectionHolder holder;
  Engine engine;
  std::atomic<std::int64_t> pulse{0};
  std::mutex reports_mutex;  // guards the two below
  std::vector<TargetStatus> last_status;
  EngineStats last_stats;
  std::thread thread;
};

// A site that dies takes many targets with it in the same moment: they are reported as one change, so that
// the server recompiles once.
void Monitor::Impl::changed(const VerdictChange& change) {
  changes.push_back(change);
  if (changes.size() == 1) report = loop.run_at(clock.now(), [this] { report_changes(); });
}

void Monitor::Impl::report_changes() {
  loop.cancel(report);
  const std::vector<VerdictChange> reported = std::exchange(changes, {});
  if (!reported.empty() && events.on_change) events.on_change(reported);
}

// The verdict that ends the round is among the changes not yet reported: it goes first.
void Monitor::Impl::first_round() {
  report_changes();
  if (events.on_first_round) events.on_first_round();
}

void Monitor::Impl::happened(const Event& event) {
  log_event(event);
  if (events.on_event) events.on_event(event);
}

void Monitor::Impl::beat() {
  const MonotonicTime now = clock.now();
  pulse.store(ticks(now), std::memory_order_relaxed);
  loop.run_at(now + kPulse, [this] { beat(); });
}

Monitor::Monitor(const Options& options, Events events)
    : impl_(std::make_unique<Impl>(options, std::move(events))) {
  const SignalsBlocked blocked;
  impl_->thread = std::thread([impl = impl_.get()] { impl->loop.run(); });
  pthread_setname_np(impl_->thread.native_handle(), "health");
}

Monitor::~Monitor() {
  impl_->loop.stop();
  impl_->thread.join();
}

std::vector<Believed> Monitor::apply(std::vector<TargetSpec> plan) {
  return impl_->demand([impl = impl_.get(), plan = std::move(plan)] {
    auto believed = impl->engine.apply(plan);
    impl->report_changes();  // whoever reads the answer has heard of every change it contains
    return believed;
  });
}

std::vector<Believed> Monitor::believed() const {
  return impl_->demand([impl = impl_.get()] {
    impl->report_changes();
    return impl->engine.believed();
  });
}

std::optional<bool> Monitor::resume(const std::string& check, const Address& address) {
  if (!impl_->runs()) return std::nullopt;
  return impl_->ask([impl = impl_.get(), check, address] { return impl->engine.resume(check, address); });
}

void Monitor::set_self_doubt(bool on) {
  impl_->loop.post([impl = impl_.get(), on] { impl->engine.set_self_doubt(on); });
}

void Monitor::heartbeat(const std::string& check, const Address& address, bool well, std::string detail) {
  impl_->loop.post([impl = impl_.get(), check, address, well, said = std::move(detail)] {
    impl->heartbeats.note(check, address, {impl->clock.now(), well, said});
  });
}

std::vector<TargetStatus> Monitor::status() const {
  return impl_->ask_or_remember(impl_->last_status, [impl = impl_.get()] { return impl->engine.status(); });
}

EngineStats Monitor::stats() const {
  return impl_->ask_or_remember(impl_->last_stats, [impl = impl_.get()] { return impl->engine.stats(); });
}

Duration Monitor::silence() const {
  const auto last = MonotonicTime(Duration(impl_->pulse.load(std::memory_order_relaxed)));
  return std::max(impl_->clock.now() - last, Duration{0});
}

}  // namespace gslbd::health
