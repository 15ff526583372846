// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpConnection: one client's stream of queries, each behind two octets of length (RFC 1035 §4.2.2), answered
// in the order they come (RFC 7766 §6.2.1.1; pipelining is what clients may do, order is what we keep).
//
// Queries are read into the server's scratch buffer and answered from there; only an incomplete one is kept,
// in a buffer that the connection object acquires at its first need and keeps for its successors. Responses
// go out with one write a read. When the client does not take them, the rest waits in a backlog, and nothing
// more is read or answered until it is gone: what a client can make us hold is bounded by kMaxFrameSize of
// queries and kResponseScratchSize of responses.
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
#include "server/query_handler.h"

namespace gslbd::server {

class TcpServer;

inline constexpr std::size_t kMaxFrameSize = 2 + kMaxMessageSize;
/// Read at once. libuv reads up to 32 times before it looks at another socket: much more would let one client
/// with a full pipeline hold up all others for long.
inline constexpr std::size_t kReadSize = 16 * 1024;
/// Room for one response of any size behind those of a burst of pipelined queries.
inline constexpr std::size_t kResponseScratchSize = 2 * kMaxFrameSize;

class TcpConnection {
 public:
  explicit TcpConnection(TcpServer& server) : server_(server) {}
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// Takes over the connected socket `fd`. On false it is closed, and closed() will be reported.
  bool open(uv_loop_t* loop, int fd, const Address& peer);
  /// Reports to the server now (closing) and when libuv has let go (closed). Further calls do nothing.
  void close(TcpClose reason);

  /// True while responses wait for the client to read.
  bool blocked() const { return backlog_ != nullptr; }

  /// For TcpServer: its place in the server's lists, and the time of the last progress (uv_now()).
  std::list<TcpConnection>::iterator self;
  std::uint64_t active_at_ms = 0;

 private:
  bool start_reading();
  void offer_buffer(uv_buf_t* buffer);
  void on_read(ssize_t length);
  void on_written(int status);
  void answer(std::span<const std::uint8_t> input);
  std::size_t answer_queries(std::span<const std::uint8_t> input);
  bool send(std::span<const std::uint8_t> responses);
  bool keep(std::span<const std::uint8_t> rest);
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  static TcpConnection& of(const void* data) { return *static_cast<TcpConnection*>(const_cast<void*>(data)); }

  TcpServer& server_;
  uv_tcp_t handle_{};
  uv_write_t write_{};
  Asker asker_{Transport::tcp, {}};
  std::unique_ptr<std::uint8_t[]> pending_;  ///< kMaxFrameSize octets once there was an incomplete query
  std::size_t pending_size_ = 0;
  std::unique_ptr<std::uint8_t[]> backlog_;  ///< responses handed to libuv, until it reports them written
  bool closing_ = false;
};

}  // namespace gslbd::server
