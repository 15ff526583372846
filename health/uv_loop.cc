// SPDX-License-Identifier: Apache-2.0
#include "health/uv_loop.h"

#include <uv.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "health/descriptors.h"
#include "health/side_work.h"

namespace gslbd::health {

struct UvLoop::Impl {
  uv_loop_t loop{};
  uv_timer_t timer{};
  uv_async_t async{};
  TimerQueue timers;
  std::optional<MonotonicTime> armed_for;
  bool in_timers = false;
  bool in_timer_phase = false;  // arm() is called from libuv's timer phase

  std::mutex mutex;  // guards the two below
  std::vector<std::function<void()>> posted;
  bool stop_wanted = false;

  std::unique_ptr<SideWork> side_work;  // made when first needed
  LastingConnections lasting_connections;

  void arm();
  void run_timers();
  void run_posted();
};

namespace {

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

void check_started(int result, const char* what) {
  // Out of descriptors at start: nothing can work without the loop, so the caller's start fails.
  if (result != 0) throw std::runtime_error(std::string(what) + ": " + uv_strerror(result));
}

}  // namespace

// One libuv timer serves all: it is set for the earliest deadline, rounded up to libuv's milliseconds.
void UvLoop::Impl::arm() {
  if (in_timers) return;  // armed once, at the end of the round
  const auto next = timers.next();
  if (next == armed_for) return;
  armed_for = next;
  if (!next) {
    uv_timer_stop(&timer);
    return;
  }
  const Duration wait = std::max(*next - now(), Duration{0});
  auto ms = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  // Within libuv's timer phase a timer of 0 ms would fire in the same phase: the sockets would never get the
  // turn that "now" promises them.
  if (in_timer_phase) ms = std::max<std::uint64_t>(ms, 1);
  uv_update_time(&loop);
  uv_timer_start(
      &timer, [](uv_timer_t* t) { static_cast<Impl*>(t->data)->run_timers(); }, ms, 0);
}

void UvLoop::Impl::run_timers() {
  armed_for.reset();
  in_timers = true;
  const MonotonicTime limit =
      now();  // timers set by these callbacks for "now" wait for the next turn of the loop
  while (timers.run_one(limit)) {
  }
  in_timers = false;
  in_timer_phase = true;
  arm();
  in_timer_phase = false;
}

void UvLoop::Impl::run_posted() {
  std::vector<std::function<void()>> work;
  bool stop = false;
  {
    const std::lock_guard lock(mutex);
    work.swap(posted);
    stop = stop_wanted;
  }
  for (auto& each : work) each();
  if (stop) uv_stop(&loop);
}

UvLoop::UvLoop() : impl_(std::make_unique<Impl>()) {
  check_started(uv_loop_init(&impl_->loop), "cannot start an event loop");
  check_started(uv_timer_init(&impl_->loop, &impl_->timer), "cannot make a timer");
  impl_->timer.data = impl_.get();
  check_started(uv_async_init(&impl_->loop, &impl_->async,
                              [](uv_async_t* a) { static_cast<Impl*>(a->data)->run_posted(); }),
                "cannot make a wake-up handle");
  impl_->async.data = impl_.get();
}

UvLoop::~UvLoop() {
  impl_->side_work.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->timer), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->async), nullptr);
  uv_run(&impl_->loop, UV_RUN_DEFAULT);  // lets the closes finish, those of socket watches too
  uv_loop_close(&impl_->loop);
}

void UvLoop::run() {
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
}

void UvLoop::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop_wanted = true;
  }
  uv_async_send(&impl_->async);
}

void UvLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(work));
  }
  uv_async_send(&impl_->async);
}

SideWork& UvLoop::side_work() {
  if (!impl_->side_work) impl_->side_work = std::make_unique<SideWork>(*this);
  return *impl_->side_work;
}

LastingConnections& UvLoop::lasting_connections() {
  return impl_->lasting_connections;
}

TimerId UvLoop::run_at(MonotonicTime when, Callback callback) {
  const TimerId id = impl_->timers.add(when, std::move(callback));
  impl_->arm();
  return id;
}

// A timer that was armed for a cancelled deadline fires in vain once; that is cheaper than setting it anew
// each time.
void UvLoop::cancel(TimerId timer) {
  impl_->timers.cancel(timer);
}

struct SocketWatch::Handle {
  uv_poll_t poll{};
  Callback callback;
};

namespace {

template <class Handle>
void close_and_delete(Handle* handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll),
           [](uv_handle_t* h) { delete static_cast<Handle*>(h->data); });
}

}  // namespace

SocketWatch::SocketWatch(UvLoop& loop, int socket, Callback callback) : handle_(new Handle) {
  if (uv_poll_init(&loop.impl_->loop, &handle_->poll, socket) != 0) {
    delete handle_;
    handle_ = nullptr;
    return;
  }
  handle_->poll.data = handle_;
  handle_->callback = std::move(callback);
}

SocketWatch::~SocketWatch() {
  if (handle_ == nullptr) return;
  uv_poll_stop(&handle_->poll);
  close_and_delete(handle_);
}

bool SocketWatch::watch(bool readable, bool writable) {
  if (handle_ == nullptr) return false;
  const int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
  if (events == 0) return uv_poll_stop(&handle_->poll) == 0;
  return uv_poll_start(&handle_->poll, events, [](uv_poll_t* p, int status, int ready) {
           auto* handle = static_cast<Handle*>(p->data);
           handle->callback((ready & UV_READABLE) != 0, (ready & UV_WRITABLE) != 0, -status);
         }) == 0;
}

}  // namespace gslbd::health
