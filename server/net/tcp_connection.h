// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpConnection: one client's stream of queries, each behind two octets of length (RFC 1035 §4.2.2), answered
// in the order they come (RFC 7766 §6.2.1.1; pipelining is what clients may do, order is what we keep). Where
// the peer is a proxy, the stream begins with a PROXY header that tells who the client is.
//
// It knows its socket and what of the stream could not be used yet; TcpRound finds the queries and has them
// answered. A turn goes
//
//     receive()  ──input──▶  queries, responses  ──send()──▶  keep(what remains of the input), watch()
//
// The input lies in the round's buffer and is gone with it: only what is incomplete is kept, in a buffer of
// the connection's own. Responses that the client does not take wait in another one, its backlog, and nothing
// more is read or answered until that is gone. So what a client can make us hold is bounded by kMaxFrameSize
// of queries and kMaxBacklog of responses, and for all clients of a worker together by TcpMemory.
//
// Its socket is watched edge-triggered: an event is one look at the socket in the kernel, not two, and what
// an event leaves behind (a full buffer, the client's last octet) is asked for by arming again.
//
// Objects are pooled by TcpServer and reused; a failing connection affects itself alone.
//
// Thread: one worker's.

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>

#include "core/unique_fd.h"
#include "server/net/counters.h"
#include "server/net/poller.h"
#include "server/net/tcp_limits.h"
#include "server/net/tcp_memory.h"
#include "server/query_handler.h"

namespace gslbd::server {

class TcpServer;

inline constexpr std::size_t kMaxFrameSize = 2 + kMaxMessageSize;
/// Read at once: dozens of ordinary queries. Much more would let one client with a full pipeline hold up all
/// others for long.
inline constexpr std::size_t kReadSize = 4096;
/// Responses written at once: one of any size behind those of a burst of pipelined queries.
inline constexpr std::size_t kMaxBacklog = 2 * kMaxFrameSize;

/// The whole size of the query that `input` begins with, as far as that is known.
inline std::size_t frame_size(std::span<const std::uint8_t> input) {
  return input.size() < 2 ? 2 : 2 + static_cast<std::size_t>(input[0] << 8 | input[1]);
}

class TcpConnection final : public PollSource {
 public:
  struct Origin {
    Address peer;
    std::uint16_t listener = 0;
    bool proxied = false;  ///< a PROXY header has to come first
    TcpLimits::Place place = TcpLimits::kUncounted;
  };

  explicit TcpConnection(TcpServer& server) : server_(server) {}

  /// Takes over the connected, non-blocking socket, and the place. It is not watched yet.
  void open(UniqueFd fd, const Origin& origin);
  /// Reports to the server. What receive() returned stays valid until release(). Further calls do nothing.
  void close(TcpClose reason);
  /// After the round in which it closed: gives back what it still holds.
  void release();

  bool is_open() const { return open_; }
  /// True while responses wait for the client to read.
  bool blocked() const { return backlog_size_ != 0; }
  const Asker& asker() const { return asker_; }

  /// The octets to answer now, with kReadAhead behind them: what has come, or had to wait. `slot` (kReadSize
  /// and kReadAhead) is where they are read to if nothing is there yet. Empty: there is nothing to answer; it
  /// may be closed.
  std::span<const std::uint8_t> receive(std::span<std::uint8_t> slot);
  /// Afterwards all is with the kernel, or it is blocked, or closed. Not to be called when it is either.
  void send(std::span<const std::uint8_t> responses);
  /// Keeps `rest`, the end of what receive() returned, or closes when there is no memory for it.
  void keep(std::span<const std::uint8_t> rest);
  /// Before the worker waits again: has itself told of more input, or of the client reading again.
  void watch();
  /// Takes part in the server's next round. That it is told for nothing does no harm: as long as a child
  /// process that is not yet at its exec has a copy of a descriptor, the kernel goes on telling of it, though
  /// the connection is closed here and this object perhaps another's.
  void on_events(std::uint32_t events) noexcept override;
  /// The round has begun.
  void leave_queue() { queued_ = false; }

  /// For TcpServer: its place in the server's lists, whether it has made progress, and when it last did.
  std::list<TcpConnection>::iterator self;
  bool proven = false;
  std::uint64_t active_at_ms = 0;

 private:
  enum class Watched : std::uint8_t { nothing, input, room };

  std::span<const std::uint8_t> resume();
  bool take_header(std::span<const std::uint8_t>& input);
  void queue(std::span<const std::uint8_t> responses);
  bool send_backlog();

  TcpServer& server_;
  UniqueFd fd_;
  TcpLimits::Place place_ = TcpLimits::kUncounted;
  Asker asker_;
  TcpBuffer pending_;  ///< a query that is incomplete, or queries that wait for the client to read
  std::size_t pending_size_ = 0;
  TcpBuffer backlog_;
  std::size_t backlog_size_ = 0;  ///< what is still to be sent: the end of backlog_end_ octets
  std::size_t backlog_end_ = 0;
  Watched watched_ = Watched::nothing;
  bool more_ = false;     ///< there may be input of which no event will tell
  bool hung_up_ = false;  ///< the client has sent its last
  bool queued_ = false;   ///< for a round, once though events may be several
  bool awaits_header_ = false;
  bool open_ = false;
};

}  // namespace gslbd::server
