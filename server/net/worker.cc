// SPDX-License-Identifier: Apache-2.0
#include "server/net/worker.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
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
constexpr int kLongestWait_ms = 500;

tl::unexpected<Error> cannot(const char* what) {
  return fail(std::string("cannot ") + what + ": " + std::generic_category().message(errno));
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

Worker::Worker(Poller poller, std::vector<BoundSockets> sockets, std::unique_ptr<QueryHandler> handler,
               std::shared_ptr<TcpLimits> limits)
    : sockets_(std::move(sockets)),
      handler_(std::move(handler)),
      limits_(std::move(limits)),
      poller_(std::move(poller)),
      tcp_(poller_, *limits_, *handler_, counters_) {
  tcp_.set_turn([this] {
    for (UdpSocket& udp : udp_) serve_udp(udp.server);
  });
}

Result<std::unique_ptr<Worker>> Worker::make(std::vector<BoundSockets> sockets,
                                             std::unique_ptr<QueryHandler> handler,
                                             std::shared_ptr<TcpLimits> limits) {
  auto poller = Poller::open();
  if (!poller) return tl::unexpected(poller.error());
  std::unique_ptr<Worker> worker(
      new Worker(std::move(*poller), std::move(sockets), std::move(handler), std::move(limits)));
  if (const auto watched = worker->watch_stop(); !watched) return tl::unexpected(watched.error());
  for (const BoundSockets& each : worker->sockets_) {
    if (const auto watched = worker->watch(each); !watched) return tl::unexpected(watched.error());
  }
  return worker;
}

Result<void> Worker::watch_stop() {
  stop_.fd = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (stop_.fd && poller_.add(stop_.fd.get(), EPOLLIN, stop_)) return {};
  return cannot("make a wake-up");
}

Result<void> Worker::watch(const BoundSockets& sockets) {
  UdpSocket& udp = udp_.emplace_back(*this, sockets);
  if (!poller_.add(sockets.udp.get(), EPOLLIN, udp)) return cannot("watch a UDP socket");
  return tcp_.listen(sockets);
}

Worker::~Worker() {
  stop();
  join();
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
  if (!thread_.joinable()) return;
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = ::write(stop_.fd.get(), &once, sizeof once);
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  pthread_setname_np(pthread_self(), "gslbd-dns");
  ReaderGate gate;
  gate_ = &gate;
  tcp_.set_gate(gate);
  while (!stop_.heard) {
    gate.leave();
    turns_.add();
    const int deadline_ms = tcp_.timeout_ms();
    poller_.wait(deadline_ms < 0 ? kLongestWait_ms : std::min(deadline_ms, kLongestWait_ms));
    tcp_.serve();
  }
  tcp_.close();
}

void Worker::serve_udp(UdpServer& server) noexcept {
  gate_->enter();
  for (int i = 0; i < kBatchesPerWakeup && server.serve_batch(); ++i) gate_->quiescent();
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
