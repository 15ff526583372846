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
// budget (TcpMemory), and UDP has its turn between queries (TcpRound).
//
// The connections' sockets are in an epoll set of their own, which the loop watches as one descriptor: they
// are served by the round, an idle one costs the loop nothing, and one that comes and goes is three system
// calls less than as a handle of libuv (docs/explanation/performance.md). All connection objects are made at
// the start; an open connection that waits for nothing has no buffer.
//
// Thread: made and closed by the worker's owner while its loop does not run; everything else on the loop.

#include <uv.h>

#include <functional>
#include <list>
#include <span>

#include "core/result.h"
#include "server/net/counters.h"
#include "server/net/listener.h"
#include "server/net/reader_gate.h"
#include "server/net/tcp_connection.h"
#include "server/net/tcp_limits.h"
#include "server/net/tcp_memory.h"
#include "server/net/tcp_round.h"
#include "server/net/unique_fd.h"
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
  void set_turn(std::function<void()> turn) { round_.set_turn(std::move(turn)); }
  /// The loop's thread registers as a reader only once it runs: to be called there before the loop.
  void set_gate(ReaderGate& gate) { gate_ = &gate; }
  /// Closes everything. This must live until the loop has nothing left to do.
  void close();

  // For the connections and their rounds.
  TcpLimits& limits() { return limits_; }
  TcpMemory& memory() { return memory_; }
  int epoll_fd() const { return epoll_.get(); }
  /// It has made progress.
  void touch(TcpConnection& connection);
  /// It has closed its socket; the object can be used again after the round.
  void closing(TcpConnection& connection, TcpClose reason);

 private:
  using Connections = std::list<TcpConnection>;
  struct Listener {
    uv_poll_t handle{};
    TcpServer* server = nullptr;
    const BoundSockets* sockets = nullptr;
  };

  Result<void> watch_connections();
  void serve_ready();
  void accept_some(const Listener& listener);
  TcpConnection* adopt(UniqueFd fd, const Address& peer, const BoundSockets& from);
  void refuse(UniqueFd fd);
  bool make_room();
  void pause_accepting();
  void resume_accepting();
  void watch_idle();
  void close_idle();
  void end_round(std::span<const ReadyConnection> ready);
  void reuse_closed();
  Connections& list_of(const TcpConnection& connection) { return connection.proven ? active_ : fresh_; }

  uv_loop_t* const loop_;
  TcpLimits& limits_;
  NetCounters& counters_;
  ReaderGate* gate_ = nullptr;
  TcpMemory memory_;
  TcpRound round_;
  UniqueFd epoll_;  ///< the connections
  uv_poll_t ready_{};
  bool watching_ = false;
  std::list<Listener> listeners_;
  Connections fresh_;   ///< without an answered query so far; the oldest first
  Connections active_;  ///< the one without progress for longest first
  Connections closed_;  ///< in this round: events may still tell of them
  Connections free_;
  uv_timer_t idle_timer_{};
  uv_timer_t resume_timer_{};
  bool over_ = false;
};

}  // namespace gslbd::server
