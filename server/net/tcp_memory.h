// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpMemory: the buffers of one worker's TCP connections. A connection has one only while a query is
// incomplete or responses wait for their reader: one that idles has none.
//
// Small ones, enough for any usual query, any PROXY header and a few responses, are always given: there is
// one query and one backlog a connection at most. Larger ones come out of a budget, so that clients which
// send or read too slowly cannot take all memory, however many they are.
//
// Thread: the worker's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/net/proxy_header.h"

namespace gslbd::server {

struct TcpBuffer {
  std::unique_ptr<std::uint8_t[]> octets;  ///< kReadAhead more than `capacity`
  std::size_t capacity = 0;

  explicit operator bool() const { return octets != nullptr; }
};

class TcpMemory {
 public:
  /// Buffers up to this are outside of the budget. The longest PROXY header fits; queries are far shorter.
  static constexpr std::size_t kSmall = kMaxProxyHeaderSize;

  TcpMemory();

  /// One of at least `octets`; an empty one when there is no memory for it.
  TcpBuffer take(std::size_t octets) noexcept;
  /// Takes back what take() gave, which may be nothing, and leaves `buffer` empty.
  void give_back(TcpBuffer& buffer) noexcept;

 private:
  std::vector<TcpBuffer> spare_;  ///< small ones
  std::size_t held_ = 0;          ///< octets in large ones
};

}  // namespace gslbd::server
