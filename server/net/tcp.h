// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpServer: one worker's listening TCP sockets and their connections, on the worker's libuv loop.
//
// What clients can cost is bounded. In all and for each client only so many connections are open (TcpLimits).
// A client at its limit is refused its next one: those it has were promised to it, and it knows best which to
// use. When all places are taken, one of this worker's has to go for the new one: the oldest of those that
// have asked nothing yet while these are many, else the one without progress for longest. Progress is an
// answered query, or a backlog of responses taken; without it for the idle timeout a connection is closed, so
// that sending single octets, or not reading, does not keep it. Buffers beyond the small ones come out of a
// budget. After each kTurn queries UDP has its turn, however many connections have more to ask.
//
// All connection objects are made at the start.
//
// Thread: made and closed by the worker's owner while its loop does not run; everything else on the loop.

#include <uv.h>

#include <functional>
#include <list>
#include <memory>
#include <span>

#include "core/result.h"
#include "server/net/counters.h"
#include "server/net/listener.h"
#include "server/net/reader_gate.h"
#include "server/net/tcp_connection.h"
#include "server/net/tcp_limits.h"
#include "server/query_handler.h"

namespace gslbd::server {

class TcpServer {
 public:
  TcpServer(uv_loop_t* loop, TcpLimits& limits, QueryHandler& handler, NetCounters& counters);
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  /// Adds a listening, non-blocking socket, which stays the caller's and open as long as this lives.
  Result<void> listen(const BoundSockets& sockets);
  /// What gives other sockets their turn between queries; called on the loop.
  void set_turn(std::function<void()> turn) { turn_ = std::move(turn); }
  /// The loop's thread registers as a reader only once it runs: to be called there before the loop.
  void set_gate(ReaderGate& gate) { gate_ = &gate; }
  /// Closes everything. This must live until the loop has nothing left to do.
  void close();

  // For the connections.
  QueryHandler& handler() { return handler_; }
  NetCounters& counters() { return counters_; }
  ReaderGate& gate() { return *gate_; }
  TcpLimits& limits() { return limits_; }
  std::span<std::uint8_t> query_scratch() { return {scratch_.get(), kReadSize}; }
  std::span<std::uint8_t> response_scratch() { return {scratch_.get() + kReadSize, kResponseScratchSize}; }
  /// A buffer of this size may be allocated; to be given back. False: all connections hold too much already.
  bool hold(std::size_t octets);
  void give_back(std::size_t octets) { held_ -= octets; }
  /// It has made progress.
  void touch(TcpConnection& connection);
  /// It has answered so many queries: perhaps others are due.
  void answered(std::size_t queries);
  /// It is going; its handle is still libuv's.
  void closing(TcpConnection& connection, TcpClose reason);
  /// It can be reused.
  void closed(TcpConnection& connection);

 private:
  using Connections = std::list<TcpConnection>;
  struct Listener {
    uv_poll_t handle{};
    TcpServer* server = nullptr;
    const BoundSockets* sockets = nullptr;
  };

  void accept_some(const Listener& listener);
  void adopt(int fd, const Address& peer, const BoundSockets& from);
  void refuse(int fd);
  bool make_room();
  void pause_accepting();
  void resume_accepting();
  void watch_idle();
  void close_idle();
  Connections& list_of(const TcpConnection& connection) { return connection.proven ? active_ : fresh_; }

  uv_loop_t* const loop_;
  TcpLimits& limits_;
  QueryHandler& handler_;
  NetCounters& counters_;
  ReaderGate* gate_ = nullptr;
  std::function<void()> turn_;
  std::size_t since_turn_ = 0;               ///< queries
  std::size_t held_ = 0;                     ///< octets in large buffers
  std::unique_ptr<std::uint8_t[]> scratch_;  ///< shared by the connections: used within one callback only
  std::list<Listener> listeners_;
  Connections fresh_;   ///< without an answered query so far; the oldest first
  Connections active_;  ///< the one without progress for longest first
  Connections closing_;
  Connections free_;
  uv_timer_t idle_timer_{};
  uv_timer_t resume_timer_{};
  bool closed_ = false;
};

}  // namespace gslbd::server
