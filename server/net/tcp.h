// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpServer: one worker's listening TCP sockets and their connections.
//
// What clients can cost is bounded. In all and for each client only so many connections are open (TcpLimits).
// A client at its limit is refused its next one: those it has were promised to it, and it knows best which to
// use. When all places are taken, one of this worker's has to go for the new one: the oldest of those that
// have asked nothing yet while these are many, else the one without progress for longest. Progress is an
// answered query, or a backlog of responses taken; without it for the idle timeout a connection is closed, so
// that sending single octets, or not reading, does not keep it. Buffers beyond the small ones come out of a
// budget (TcpMemory), and UDP has its turn between queries (TcpRound).
//
// The worker's Poller tells who is ready; serve() then answers them all, takes in who is new, and looks at
// the deadlines. All connection objects are made at the start; an open connection that waits for nothing has
// no buffer.
//
// Thread: made by the worker's owner before it runs; everything else on the worker.

#include <array>
#include <functional>
#include <list>
#include <span>

#include "core/result.h"
#include "server/net/counters.h"
#include "server/net/listener.h"
#include "server/net/poller.h"
#include "server/net/reader_gate.h"
#include "server/net/tcp_connection.h"
#include "server/net/tcp_limits.h"
#include "server/net/tcp_memory.h"
#include "server/net/tcp_round.h"
#include "server/query_handler.h"

namespace gslbd::server {

class TcpServer {
 public:
  TcpServer(Poller& poller, TcpLimits& limits, QueryHandler& handler, NetCounters& counters);
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  /// Adds a listening, non-blocking socket, which stays the caller's and open as long as this lives.
  Result<void> listen(const BoundSockets& sockets);
  /// What gives other sockets their turn between queries.
  void set_turn(std::function<void()> turn) { round_.set_turn(std::move(turn)); }
  /// The worker's thread registers as a reader only once it runs: to be called there first.
  void set_gate(ReaderGate& gate) { gate_ = &gate; }
  /// How long the Poller may wait for: until the first deadline. -1: there is none.
  int timeout_ms() const;
  /// Whenever the Poller has waited: does what has become due.
  void serve();
  /// Closes all connections.
  void close();

  // For the connections and their rounds.
  TcpLimits& limits() { return limits_; }
  TcpMemory& memory() { return memory_; }
  Poller& poller() { return poller_; }
  /// It takes part in the next round.
  void ready(TcpConnection& connection) noexcept { ready_[ready_count_++] = &connection; }
  /// It has made progress.
  void touch(TcpConnection& connection);
  /// It has closed its socket; the object can be used again after the round.
  void closing(TcpConnection& connection, TcpClose reason);

 private:
  using Connections = std::list<TcpConnection>;
  struct Listener final : PollSource {
    explicit Listener(const BoundSockets& s) : sockets(s) {}
    void on_events(std::uint32_t) noexcept override { due = true; }
    const BoundSockets& sockets;
    bool due = false;  ///< somebody waits to be accepted
  };
  /// A deadline that is none.
  static constexpr std::uint64_t kNever = UINT64_MAX;

  void serve_ready();
  void accept_some(const Listener& listener);
  TcpConnection* adopt(UniqueFd fd, const Address& peer, const BoundSockets& from);
  void refuse(UniqueFd fd);
  bool make_room();
  void pause_accepting();
  void resume_accepting();
  void watch_idle();
  void close_idle();
  void end_round(std::span<TcpConnection* const> ready);
  void reuse_closed();
  Connections& list_of(const TcpConnection& connection) { return connection.proven ? active_ : fresh_; }

  Poller& poller_;
  TcpLimits& limits_;
  NetCounters& counters_;
  ReaderGate* gate_ = nullptr;
  TcpMemory memory_;
  TcpRound round_;
  std::array<TcpConnection*, kMaxBatch> ready_;  ///< for the next round
  static_assert(Poller::kMaxEvents <= kMaxBatch);
  std::size_t ready_count_ = 0;
  std::list<Listener> listeners_;
  Connections fresh_;   ///< without an answered query so far; the oldest first
  Connections active_;  ///< the one without progress for longest first
  Connections closed_;  ///< in this round: events may still tell of them
  Connections free_;
  std::uint64_t now_ms_ = 0;             ///< of the steady clock, when serve() last needed it
  std::uint64_t idle_look_ms_ = kNever;  ///< when to look whose time is over
  std::uint64_t resume_at_ms_ = kNever;  ///< when to accept again, after a pause
};

}  // namespace gslbd::server
