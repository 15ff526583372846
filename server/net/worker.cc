// SPDX-License-Identifier: Apache-2.0
#include "server/net/worker.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

#include "core/entropy.h"
#include "core/log.h"
#include "core/signals_blocked.h"

namespace gslbd::server {
namespace {

// Full batches served a wake-up before other sockets, TCP above all, get their turn.
constexpr int kBatchesPerWakeup = 8;

// The longest that a worker waits: it shows that it runs.
constexpr std::uint64_t kLongestWait_ms = 500;

tl::unexpected<Error> cannot(const char* what, int uv_error) {
  return fail(std::string("cannot ") + what + ": " + uv_strerror(uv_error));
}

template <class Handle>
void close_handle(Handle& handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
}

std::uint32_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMaxTcpConnections;
  return static_cast<std::uint32_t>(std::min<rlim_t>(limit.rlim_cur, 2 * kMaxTcpConnections));
}

}  // namespace

Result<std::shared_ptr<TcpLimits>> make_tcp_limits(const TcpOptions& options) {
  TcpOptions possible = options;
  possible.max_connections = std::min(options.max_connections, std::max(1U, descriptor_limit() / 2));
  if (possible.max_connections < options.max_connections) {
    log::warning("{} TCP connections at most, not {}: no more files than {} may be open",
                 possible.max_connections, options.max_connections, descriptor_limit());
  }
  std::array<std::uint8_t, 16> key{};
  try {
    fill_with_entropy(key);
  } catch (const std::system_error& e) {
    return fail(std::string("no random numbers: ") + e.code().message());
  }
  return std::make_shared<TcpLimits>(possible, sip_hash_key(key));
}

Worker::Worker(std::vector<BoundSockets> sockets, std::unique_ptr<QueryHandler> handler,
               std::shared_ptr<TcpLimits> limits)
    : sockets_(std::move(sockets)), handler_(std::move(handler)), limits_(std::move(limits)) {}

Result<std::unique_ptr<Worker>> Worker::make(std::vector<BoundSockets> sockets,
                                             std::unique_ptr<QueryHandler> handler,
                                             std::shared_ptr<TcpLimits> limits) {
  std::unique_ptr<Worker> worker(new Worker(std::move(sockets), std::move(handler), std::move(limits)));
  if (const auto ready = worker->set_up(); !ready) return tl::unexpected(ready.error());
  return worker;
}

Result<void> Worker::set_up() {
  if (const int error = uv_loop_init(&loop_); error != 0) return cannot("make an event loop", error);
  loop_open_ = true;
  loop_.data = this;
  const auto stop = [](uv_async_t* handle) { static_cast<Worker*>(handle->loop->data)->close_handles(); };
  if (const int error = uv_async_init(&loop_, &stop_, stop); error != 0)
    return cannot("make a wake-up", error);
  uv_prepare_init(&loop_, &before_wait_);
  uv_timer_init(&loop_, &never_for_long_);
  tcp_.emplace(&loop_, *limits_, *handler_, counters_);
  tcp_->set_turn([this] {
    for (UdpSocket& udp : udp_) serve_udp(udp.server);
  });
  handles_open_ = true;
  uv_prepare_start(&before_wait_, [](uv_prepare_t* handle) {
    Worker& worker = *static_cast<Worker*>(handle->loop->data);
    worker.gate_->leave();
    worker.turns_.add();
  });
  uv_timer_start(
      &never_for_long_, [](uv_timer_t*) {}, kLongestWait_ms, kLongestWait_ms);
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
  return tcp_->listen(sockets);
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
  close_handle(never_for_long_);
  for (UdpSocket& udp : udp_) close_handle(udp.handle);
  tcp_->close();
}

Result<WorkerPool> WorkerPool::start(Listeners listeners, const HandlerFactory& make_handler,
                                     const WorkerOptions& options) {
  WorkerPool pool;
  pool.endpoints_ = std::move(listeners.endpoints);
  const auto limits = make_tcp_limits(options.tcp);
  if (!limits) return tl::unexpected(limits.error());
  for (auto& sockets : listeners.by_worker) {
    auto worker = Worker::make(std::move(sockets), make_handler(), *limits);
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

std::vector<const Counter*> WorkerPool::turns() const {
  std::vector<const Counter*> all;
  for (const auto& worker : workers_) all.push_back(&worker->turns());
  return all;
}

}  // namespace gslbd::server
