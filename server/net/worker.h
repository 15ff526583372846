// SPDX-License-Identifier: Apache-2.0
#pragma once
// Worker: a thread that waits for its own sockets and answers on them; WorkerPool: all of them.
//
// Workers share nothing but the snapshots their handlers read, and how many TCP connections there are: each
// has its sockets, its connections, its handler and its counters. While a worker waits it is offline for RCU
// (core/published.h), so that a writer never waits for traffic. Signals are blocked in workers: they are the
// main thread's.
//
// Thread: made, started, stopped and destroyed by one thread; counters() and totals() from any.

#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "core/cache_line.h"
#include "core/result.h"
#include "core/unique_fd.h"
#include "server/counter.h"
#include "server/net/counters.h"
#include "server/net/listener.h"
#include "server/net/poller.h"
#include "server/net/tcp.h"
#include "server/net/udp.h"
#include "server/query_handler.h"

namespace gslbd::server {

struct WorkerOptions {
  TcpOptions tcp;
};

/// For the workers that share them: what the options say, but no more connections than half of the files that
/// this process may open; the rest is for everything else, health checks above all. Errors: no random key.
Result<std::shared_ptr<TcpLimits>> make_tcp_limits(const TcpOptions& options);

class alignas(kApart) Worker {
 public:
  static Result<std::unique_ptr<Worker>> make(std::vector<BoundSockets> sockets,
                                              std::unique_ptr<QueryHandler> handler,
                                              std::shared_ptr<TcpLimits> limits);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Result<void> start();
  /// Asks it to end; does not wait.
  void stop();
  /// Waits for its end. The destructor stops and joins what still runs.
  void join();
  const NetCounters& counters() const { return counters_; }
  /// Counts on while its thread runs, with traffic or without: at least once in half a second. Thread: any.
  const Counter& turns() const { return turns_; }

 private:
  struct alignas(kApart) UdpSocket final : PollSource {
    UdpSocket(Worker& w, const BoundSockets& s) : worker(w), server(s, *w.handler_, w.counters_) {}
    // An error that is pending, too, is for serve_batch() to take.
    void on_events(std::uint32_t) noexcept override { worker.serve_udp(server); }
    Worker& worker;
    UdpServer server;
  };
  /// The call to stop, from another thread.
  struct Stop final : PollSource {
    void on_events(std::uint32_t) noexcept override { heard = true; }
    UniqueFd fd;
    bool heard = false;
  };

  Worker(Poller poller, std::vector<BoundSockets> sockets, std::unique_ptr<QueryHandler> handler,
         std::shared_ptr<TcpLimits> limits);
  Result<void> watch_stop();
  Result<void> watch(const BoundSockets& sockets);
  void run();
  void serve_udp(UdpServer& server) noexcept;

  const std::vector<BoundSockets> sockets_;
  const std::unique_ptr<QueryHandler> handler_;
  const std::shared_ptr<TcpLimits> limits_;
  NetCounters counters_;
  Counter turns_;
  Poller poller_;
  Stop stop_;
  std::list<UdpSocket> udp_;
  TcpServer tcp_;
  ReaderGate* gate_ = nullptr;  ///< on the thread's stack while it runs
  std::thread thread_;
};

class WorkerPool {
 public:
  /// Makes the handler of each worker, on the caller's thread.
  using HandlerFactory = std::function<std::unique_ptr<QueryHandler>()>;

  /// All answer when this returns. The pool owns the sockets.
  static Result<WorkerPool> start(Listeners listeners, const HandlerFactory& make_handler,
                                  const WorkerOptions& options = {});
  WorkerPool(WorkerPool&&) = default;
  WorkerPool& operator=(WorkerPool&&) = default;
  ~WorkerPool() { stop(); }

  /// Ends and joins all workers; totals() stays readable.
  void stop();
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  NetTotals totals() const;
  /// Of each worker, see there; they live as long as the pool, also when that is moved.
  std::vector<const Counter*> turns() const;

 private:
  WorkerPool() = default;

  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace gslbd::server
