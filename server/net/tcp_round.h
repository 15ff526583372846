// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpRound: answers up to kMaxBatch connections at a time, in three steps: all of them are read, their
// queries answered in batches, and the responses sent. So what the answers wait for in memory overlaps
// whoever asked, and the kernel's long ways in and out each stay in the caches while they are used.
//
// What one connection has pipelined goes out with one write. Nothing is answered for a client that does not
// take its responses. After each kTurn queries UDP has its turn, however many connections have more to ask.
//
// The scratch memory is made at the start and shared by all connections: it is in use only within run(). Most
// of it is never touched, so that it costs address space alone.
//
// Thread: one worker's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "server/net/counters.h"
#include "server/net/reader_gate.h"
#include "server/net/tcp_connection.h"
#include "server/query_handler.h"

namespace gslbd::server {

class TcpRound {
 public:
  TcpRound(TcpServer& server, QueryHandler& handler, NetCounters& counters);

  /// What gives other sockets their turn between queries.
  void set_turn(std::function<void()> turn) { turn_ = std::move(turn); }
  /// At most kMaxBatch, each once; those that are closed are passed over. None is watched for what comes
  /// next.
  void run(std::span<TcpConnection* const> ready, ReaderGate& gate);

 private:
  struct Input {
    TcpConnection* connection = nullptr;
    std::span<const std::uint8_t> octets;
    std::size_t answered = 0;  ///< so many of the octets
    Counter* count = nullptr;  ///< of the queries of its family
    std::size_t responses = 0;
    std::uint16_t keepalive = 0;
    bool malformed = false;  ///< behind what is answered
    bool slow = false;       ///< its client has just begun to read again

    bool goes_on() const { return connection->is_open() && !connection->blocked(); }
  };

  void collect(Input& input);
  bool answer_now(const Input& input, std::size_t collected);
  void answer_batch();
  void stage(Input& input, const BatchQuery& answered);
  void send_staged();
  void finish(Input& input);
  std::span<std::uint8_t> slot(std::size_t index);
  std::span<std::uint8_t> room(std::size_t index);

  TcpServer& server_;
  QueryHandler& handler_;
  NetCounters& counters_;
  std::function<void()> turn_;
  std::size_t since_turn_ = 0;  ///< queries

  std::unique_ptr<std::uint8_t[]> slots_;    ///< for the input of kMaxBatch connections
  std::unique_ptr<std::uint8_t[]> rooms_;    ///< for kMaxBatch responses of any size
  std::unique_ptr<std::uint8_t[]> staging_;  ///< kMaxBacklog of one connection's responses, framed
  std::array<Input, kMaxBatch> inputs_;
  std::array<BatchQuery, kMaxBatch> batch_;
  std::array<Input*, kMaxBatch> askers_{};  ///< whose query it is
  std::size_t batch_size_ = 0;
  Input* staged_for_ = nullptr;
  std::size_t staged_ = 0;  ///< octets
};

}  // namespace gslbd::server
