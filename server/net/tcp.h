// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpServer: one worker's listening TCP sockets and their connections, on the worker's libuv loop.
//
// What clients can cost is bounded: at most max_connections are open, and for a new one the one without
// progress for longest has to go; a connection without progress (a complete query, or a backlog of responses
// taken) for idle_timeout is closed, so that sending single octets, or not reading, does not keep it. All
// connection objects are made at the start.
//
// Thread: made and closed by the worker's owner while its loop does not run; everything else on the loop.

#include <uv.h>

#include <chrono>
#include <list>
#include <memory>
#include <span>

#include "core/result.h"
#include "server/net/counters.h"
#include "server/net/reader_gate.h"
#include "server/net/tcp_connection.h"
#include "server/query_handler.h"

namespace gslbd::server {

struct TcpOptions {
  std::size_t max_connections = 1000;  ///< a worker; from 1
  /// RFC 7766 §6.2.3 wants seconds rather than minutes.
  std::chrono::milliseconds idle_timeout{10'000};
};

class TcpServer {
 public:
  TcpServer(uv_loop_t* loop, const TcpOptions& options, QueryHandler& handler, NetCounters& counters);
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  /// Adds a listening, non-blocking socket, which stays the caller's and open as long as this lives.
  Result<void> listen(int fd);
  /// The loop's thread registers as a reader only once it runs: to be called there before the loop.
  void set_gate(ReaderGate& gate) { gate_ = &gate; }
  /// Closes everything. This must live until the loop has nothing left to do.
  void close();

  // For the connections.
  QueryHandler& handler() { return handler_; }
  NetCounters& counters() { return counters_; }
  ReaderGate& gate() { return *gate_; }
  std::span<std::uint8_t> query_scratch() { return {scratch_.get(), kReadSize}; }
  std::span<std::uint8_t> response_scratch() { return {scratch_.get() + kReadSize, kResponseScratchSize}; }
  /// It has made progress.
  void touch(TcpConnection& connection);
  /// It is going; its handle is still libuv's.
  void closing(TcpConnection& connection, TcpClose reason);
  /// It can be reused.
  void closed(TcpConnection& connection);

 private:
  struct Listener {
    uv_poll_t handle{};
    TcpServer* server = nullptr;
    int fd = -1;
  };

  void accept_some(const Listener& listener);
  bool adopt(int fd, const Address& peer);
  bool make_room();
  void pause_accepting();
  void resume_accepting();
  void watch_idle();
  void close_idle();

  uv_loop_t* const loop_;
  const TcpOptions options_;
  QueryHandler& handler_;
  NetCounters& counters_;
  ReaderGate* gate_ = nullptr;
  std::unique_ptr<std::uint8_t[]> scratch_;  ///< shared by the connections: used within one callback only
  std::list<Listener> listeners_;
  std::list<TcpConnection> active_;  ///< the one without progress for longest first
  std::list<TcpConnection> closing_;
  std::list<TcpConnection> free_;
  uv_timer_t idle_timer_{};
  uv_timer_t resume_timer_{};
  bool closed_ = false;
};

}  // namespace gslbd::server
