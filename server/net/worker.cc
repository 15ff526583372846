// SPDX-License-Identifier: Apache-2.0
#include "server/net/worker.h"

#include <pthread.h>

#include <string>
#include <system_error>
#include <utility>

#include "core/signals_blocked.h"

namespace gslbd::server {
namespace {

// Full batches served a wake-up before other sockets, TCP above all, get their turn.
constexpr int kBatchesPerWakeup = 8;

tl::unexpected<Error> cannot(const char* what, int uv_error) {
  return fail(std::string("cannot ") + what + ": " + uv_strerror(uv_error));
}

template <class Handle>
void close_handle(Handle& handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
}

}  // namespace

Worker::Worker(std::vector<BoundSockets> sockets, std::unique_ptr<QueryHandler> handler)
    : sockets_(std::move(sockets)), handler_(std::move(handler)) {}

Result<std::unique_ptr<Worker>> Worker::make(std::vector<BoundSockets> sockets,
                                             std::unique_ptr<QueryHandler> handler,
                                             const WorkerOptions& options) {
  std::unique_ptr<Worker> worker(new Worker(std::move(sockets), std::move(handler)));
  if (const auto ready = worker->set_up(options); !ready) return tl::unexpected(ready.error());
  return worker;
}

Result<void> Worker::set_up(const WorkerOptions& options) {
  if (const int error = uv_loop_init(&loop_); error != 0) return cannot("make an event loop", error);
  loop_open_ = true;
  loop_.data = this;
  const auto stop = [](uv_async_t* handle) { static_cast<Worker*>(handle->loop->data)->close_handles(); };
  if (const int error = uv_async_init(&loop_, &stop_, stop); error != 0)
    return cannot("make a wake-up", error);
  uv_prepare_init(&loop_, &before_wait_);
  tcp_.emplace(&loop_, options.tcp, *handler_, counters_);
  handles_open_ = true;
  uv_prepare_start(&before_wait_,
                   [](uv_prepare_t* handle) { static_cast<Worker*>(handle->loop->data)->gate_->leave(); });
  for (const BoundSockets& sockets : sockets_) {
    if (const auto watched = watch(sockets); !watched) return watched;
  }
  return {};
}

Result<void> Worker::watch(const BoundSockets& sockets) {
  UdpSocket& udp = udp_.emplace_back(*this, sockets);
  if (const int error = uv_poll_init(&loop_, &udp.handle, sockets.udp.get()); error != 0) {
    udp_.pop_back();
    return cannot("watch a UDP socket", error);
  }
  udp.handle.data = &udp;
  start_polling(udp);
  return tcp_->listen(sockets.tcp.get());
}

void Worker::start_polling(UdpSocket& udp) {
  uv_poll_start(&udp.handle, UV_READABLE, [](uv_poll_t* handle, int status, int) {
    auto& ready = *static_cast<UdpSocket*>(handle->data);
    ready.worker.serve_udp(ready.server);
    // libuv stops watching a socket with a pending error, which the read above has taken.
    if (status != 0) start_polling(ready);
  });
}

Worker::~Worker() {
  if (thread_.joinable()) {
    stop();
    join();
  } else if (loop_open_) {  // never started, or not even set up: only what is open wants closing
    if (handles_open_) close_handles();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  if (loop_open_) uv_loop_close(&loop_);
}

Result<void> Worker::start() {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& e) {
    return fail(std::string("cannot start a worker: ") + e.code().message());
  }
  return {};
}

void Worker::stop() {
  // Once only: the loop closes the handle when it hears of it.
  if (thread_.joinable() && !std::exchange(stopping_, true)) uv_async_send(&stop_);
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  pthread_setname_np(pthread_self(), "gslbd-dns");
  ReaderGate gate;
  gate_ = &gate;
  tcp_->set_gate(gate);
  uv_run(&loop_, UV_RUN_DEFAULT);  // ends when stop_ has closed every handle
  gate.leave();
}

void Worker::serve_udp(UdpServer& server) {
  gate_->enter();
  for (int i = 0; i < kBatchesPerWakeup && server.serve_batch(); ++i) gate_->quiescent();
}

void Worker::close_handles() {
  if (!std::exchange(handles_open_, false)) return;
  close_handle(stop_);
  close_handle(before_wait_);
  for (UdpSocket& udp : udp_) close_handle(udp.handle);
  tcp_->close();
}

Result<WorkerPool> WorkerPool::start(Listeners listeners, const HandlerFactory& make_handler,
                                     const WorkerOptions& options) {
  WorkerPool pool;
  pool.endpoints_ = std::move(listeners.endpoints);
  for (auto& sockets : listeners.by_worker) {
    auto worker = Worker::make(std::move(sockets), make_handler(), options);
    if (!worker) return tl::unexpected(worker.error());
    pool.workers_.push_back(std::move(*worker));
  }
  for (const auto& worker : pool.workers_) {
    if (const auto started = worker->start(); !started) return tl::unexpected(started.error());
  }
  return pool;
}

void WorkerPool::stop() {
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
}

NetTotals WorkerPool::totals() const {
  NetTotals sum;
  for (const auto& worker : workers_) sum.add(worker->counters());
  return sum;
}

}  // namespace gslbd::server
