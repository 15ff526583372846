// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpConnection: one client's stream of queries, each behind two octets of length (RFC 1035 §4.2.2), answered
// in the order they come (RFC 7766 §6.2.1.1; pipelining is what clients may do, order is what we keep). Where
// the peer is a proxy, the stream begins with a PROXY header that tells who the client is.
//
// Queries are read into the server's scratch buffer and answered from there; only what is incomplete is kept:
// in a small buffer that the connection object acquires at its first need and keeps for its successors, or,
// for a query that says it will be long, in one of the largest query's size until it is complete. Responses
// go out with one write a read. When the client does not take them, the rest waits in a backlog, and nothing
// more is read or answered until it is gone: what a client can make us hold is bounded by kMaxFrameSize of
// queries and kResponseScratchSize of responses, and for all clients of a worker together by
// TcpServer::hold().
//
// Objects are pooled by TcpServer and reused; a failing connection affects itself alone.
//
// Thread: one worker's loop.

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>

#include "server/net/counters.h"
#include "server/net/proxy_header.h"
#include "server/net/tcp_limits.h"
#include "server/query_handler.h"

namespace gslbd::server {

class TcpServer;

inline constexpr std::size_t kMaxFrameSize = 2 + kMaxMessageSize;
/// Read at once: dozens of ordinary queries. libuv reads up to 32 times before it looks at another socket:
/// much more would let one client with a full pipeline hold up all others for long.
inline constexpr std::size_t kReadSize = 4096;
/// Room for one response of any size behind those of a burst of pipelined queries.
inline constexpr std::size_t kResponseScratchSize = 2 * kMaxFrameSize;
/// What every connection may hold: more than any usual query and any PROXY header.
inline constexpr std::size_t kSmallBufferSize = kMaxProxyHeaderSize;

class TcpConnection {
 public:
  struct Origin {
    Address peer;
    std::uint16_t listener = 0;
    bool proxied = false;  ///< a PROXY header has to come first
    TcpLimits::Place place = TcpLimits::kUncounted;
  };

  explicit TcpConnection(TcpServer& server) : server_(server) {}
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// Takes over the connected socket `fd`, and the place. When it cannot, it closes.
  void open(uv_loop_t* loop, int fd, const Origin& origin);
  /// Reports to the server now (closing) and when libuv has let go (closed). Further calls do nothing.
  void close(TcpClose reason);

  /// True while responses wait for the client to read.
  bool blocked() const { return backlog_ != nullptr; }

  /// For TcpServer: its place in the server's lists, whether it has made progress, and when it last did
  /// (uv_now()).
  std::list<TcpConnection>::iterator self;
  bool proven = false;
  std::uint64_t active_at_ms = 0;

 private:
  void start_reading();
  void offer_buffer(uv_buf_t* buffer);
  void on_read(ssize_t length);
  void on_written(int status);
  bool take_header(std::span<const std::uint8_t>& input);
  void answer(std::span<const std::uint8_t> input);
  struct Done {
    std::size_t octets = 0;
    std::size_t queries = 0;
    std::size_t answers = 0;
  };
  Done answer_queries(std::span<const std::uint8_t> input);
  bool send(std::span<const std::uint8_t> responses);
  void queue(std::span<const std::uint8_t> responses);
  bool keep(std::span<const std::uint8_t> rest);
  void drop_large_pending();
  void on_closed();
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  static TcpConnection& of(const void* data) { return *static_cast<TcpConnection*>(const_cast<void*>(data)); }

  TcpServer& server_;
  uv_tcp_t handle_{};
  uv_write_t write_{};
  Asker asker_;
  TcpLimits::Place place_ = TcpLimits::kUncounted;
  std::unique_ptr<std::uint8_t[]> pending_;  ///< what is incomplete, or waits for the client to read
  std::size_t pending_capacity_ = 0;         ///< 0, kSmallBufferSize or kMaxFrameSize
  std::size_t pending_size_ = 0;
  std::unique_ptr<std::uint8_t[]> backlog_;  ///< responses handed to libuv, until it reports them written
  std::size_t backlog_size_ = 0;
  bool awaits_header_ = false;
  bool closing_ = false;
};

}  // namespace gslbd::server
