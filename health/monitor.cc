// SPDX-License-Identifier: Apache-2.0
#include "health/monitor.h"

#include <pthread.h>

#include <future>
#include <thread>
#include <utility>

#include "core/log.h"
#include "core/signals_blocked.h"
#include "health/dispatch_transport.h"
#include "health/heartbeats.h"
#include "health/uv_loop.h"

namespace gslbd::health {

// Everything but the loop's mailbox belongs to the health thread; it is made before the thread starts and
// destroyed after it has ended. The order of members is the order in which they need each other.
struct Monitor::Impl {
  Impl(const Options& options, Events wanted)
      : events(std::move(wanted)),
        transport({loop, heartbeats}),
        engine(options, clock, loop, transport,
               {.on_change = [this](const VerdictChange& c, const TargetStatus& s) { changed(c, s); },
                .on_first_round = [this] { first_round(); }}) {}

  void changed(const VerdictChange& change, const TargetStatus& status);
  void report_changes();
  void first_round();

  /// Runs `work` on the health thread and waits for what it returns.
  template <class Work>
  auto ask(Work work) -> decltype(work()) {
    std::promise<decltype(work())> promise;
    auto answer = promise.get_future();
    loop.post([&] { promise.set_value(work()); });
    return answer.get();
  }

  Events events;
  std::vector<VerdictChange> changes;  // of this turn of the loop, not yet reported
  TimerId report;
  SystemClock clock;
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport;
  Engine engine;
  std::thread thread;
};

// A site that dies takes many targets with it in the same moment: they are reported as one change, so that
// the server recompiles once.
void Monitor::Impl::changed(const VerdictChange& change, const TargetStatus& status) {
  const std::string& why = status.last ? status.last->detail : std::string();
  log::info("check {} on {}: {} -> {}{}{}", status.check, status.address.to_string(),
            verdict_name(change.from), verdict_name(change.to), why.empty() ? "" : ": ", why);
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
  return impl_->ask([this, &plan] {
    auto believed = impl_->engine.apply(plan);
    impl_->report_changes();  // whoever reads the answer has heard of every change it contains
    return believed;
  });
}

void Monitor::heartbeat(const std::string& check, const Address& address, bool well, std::string detail) {
  impl_->loop.post([this, check, address, well, said = std::move(detail)] {
    impl_->heartbeats.note(check, address, {impl_->clock.now(), well, said});
  });
}

std::vector<TargetStatus> Monitor::status() const {
  return impl_->ask([this] { return impl_->engine.status(); });
}

}  // namespace gslbd::health
