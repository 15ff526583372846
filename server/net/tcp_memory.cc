// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_memory.h"

#include <new>
#include <utility>

#include "server/query_handler.h"

namespace gslbd::server {
namespace {

// Small ones kept for whoever needs one next: half a megabyte.
constexpr std::size_t kMaxSpare = 256;
// What unfinished large queries and unread responses may hold of a worker's memory. Enough for the largest
// ones of hundreds of connections; ordinary ones need none of it.
constexpr std::size_t kMaxHeld = 32 << 20;

}  // namespace

TcpMemory::TcpMemory() {
  spare_.reserve(kMaxSpare);
}

TcpBuffer TcpMemory::take(std::size_t octets) noexcept {
  const bool small = octets <= kSmall;
  if (small && !spare_.empty()) {
    TcpBuffer buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  const std::size_t capacity = small ? kSmall : octets;
  if (!small && held_ + capacity > kMaxHeld) return {};
  TcpBuffer buffer{std::unique_ptr<std::uint8_t[]>(new (std::nothrow) std::uint8_t[capacity + kReadAhead]),
                   capacity};
  if (!buffer) return {};
  if (!small) held_ += capacity;
  return buffer;
}

void TcpMemory::give_back(TcpBuffer& buffer) noexcept {
  if (!buffer) return;
  TcpBuffer taken = std::exchange(buffer, {});
  if (taken.capacity > kSmall) {
    held_ -= taken.capacity;
  } else if (spare_.size() < kMaxSpare) {
    spare_.push_back(std::move(taken));
  }
}

}  // namespace gslbd::server
