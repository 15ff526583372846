// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpConnection: one connection of the load generator, and its queries that wait for an answer. A server may
// answer in any order (RFC 7766 §6.2.1.1), so the ID tells the query: it is the number of its slot.
//
// Thread: one.

#include <cstdint>
#include <span>
#include <vector>

#include "bench/load/queries.h"
#include "bench/load/tally.h"
#include "core/address.h"
#include "core/unique_fd.h"

namespace gslbd::bench {

class TcpConnection {
 public:
  enum class State : std::uint8_t { closed, connecting, open };

  static constexpr unsigned kMaxOutstanding = 256;

  explicit TcpConnection(unsigned outstanding) : slots_(outstanding, kFree) {}

  /// Starts to connect from the address number `source`, in a socket that does not block. False: refused.
  bool connect(const Endpoint& target, std::uint32_t source);
  void close();

  State state() const { return state_; }
  int fd() const { return fd_.get(); }
  unsigned waiting() const { return waiting_; }
  unsigned sent() const { return sent_; }
  unsigned answered() const { return answered_; }
  bool overdue(Time before) const;

  /// Sends queries into the free slots, by one call, until it has sent `limit` since it was opened. How many
  /// that were: none while it is still connecting. Negative: the connection is broken.
  int send(Queries& queries, std::uint64_t limit, Time at);
  /// Reads what has come and adds the answers to `tally`. False: the connection has ended.
  bool receive(Tally& tally);

 private:
  static constexpr Time kFree = INT64_MAX;

  std::size_t stage(Queries& queries, std::size_t slot, std::uint8_t* place, Time since);
  void take(std::span<const std::uint8_t> message, Tally& tally, Time at);

  UniqueFd fd_;
  State state_ = State::closed;
  Time connected_at_ = 0;  ///< when connect() was called: the first queries count from there
  unsigned waiting_ = 0;
  unsigned sent_ = 0;
  unsigned answered_ = 0;
  std::vector<Time> slots_;         ///< since when each query waits, or kFree
  std::vector<std::uint8_t> rest_;  ///< an answer whose end has not come yet
};

}  // namespace gslbd::bench
