// SPDX-License-Identifier: Apache-2.0
#pragma once
// ReplyGroups: which replies of a batch can leave as one message. The kernel cuts a message at a given size
// (UDP_SEGMENT) and sends the pieces as datagrams of their own: one walk through its layers for all of them
// instead of one for each. So the replies of a message go to one peer and have one size, but the last, which
// may be shorter. Replies to a peer are reordered for that, which UDP allows.
//
// A reply's peer is in a small hash table, and its place among the peer's replies by falling size: at the end
// as long as sizes do not grow. The worst that a client can bring about by choosing addresses and sizes is a
// walk over one batch for each of its replies. In most batches no peer comes twice: to know that costs a
// handful of instructions a reply, and then nothing is arranged.
//
// Knows nothing of sockets. Peers are told apart by tags: equal peers have equal tags, other ones hardly
// ever. Thread: its owner's.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "server/query_handler.h"

namespace gslbd::server {

/// The largest reply that is sent with others: fits an Ethernet frame over IPv6, with room for a tunnel's
/// header. What the kernel can not send in one piece it does not cut either.
inline constexpr std::size_t kMaxSegment = 1432;

/// Of a hash table for a batch's tags: half empty when all peers differ.
inline constexpr std::size_t kTagPlaces = 2 * kMaxBatch;
static_assert(std::has_single_bit(kTagPlaces));

/// Where to look for a tag first. The upper bits of the product depend on all of it (Fibonacci hashing).
constexpr std::size_t first_place(std::uint64_t tag) noexcept {
  return tag * 0x9e3779b97f4a7c15U >> (65 - std::bit_width(kTagPlaces));
}

class ReplyGroups {
 public:
  ReplyGroups() noexcept { clear(); }
  /// Forgets the batch.
  void clear() noexcept;
  /// A reply, by its number, below kMaxBatch and new to this batch. It is at most kMaxSegment long. Which
  /// peers with equal tags are equal is for `is_peer_of` to say, called with the number of an earlier reply.
  template <class IsPeerOf>
  void add(std::size_t reply, std::uint64_t tag, std::size_t size, IsPeerOf is_peer_of) noexcept;
  /// A reply that leaves alone, whatever its size.
  void add_alone(std::size_t reply, std::size_t size) noexcept;
  /// False: each is alone, and there is nothing to arrange.
  bool any_together() const noexcept { return any_together_; }
  /// Says what leaves together: take(reply, size) for each of a group, with its number, then close(first,
  /// size): who was taken first, and the size of all but the last.
  template <class Take, class Close>
  void arrange(Take take, Close close) noexcept;

 private:
  // Of a group the kernel takes at most 64 segments, and 65,507 octets.
  static_assert(kMaxBatch <= 64 && kMaxBatch * kMaxSegment <= 65507);
  static constexpr std::uint8_t kNone = 0xff;

  void insert(std::size_t chain, std::size_t reply) noexcept;
  void insert_before_last(std::size_t chain, std::size_t reply) noexcept;

  std::array<std::uint8_t, kTagPlaces> table_{};  ///< the number of a chain and 1; 0: free
  std::uint32_t chain_count_ = 0;
  bool any_together_ = false;
  // A chain: a peer's replies by falling size, linked by next_.
  std::array<std::uint64_t, kMaxBatch> tags_;  ///< of those that are in the table
  std::array<std::uint8_t, kMaxBatch> first_;
  std::array<std::uint8_t, kMaxBatch> last_;
  // By reply:
  std::array<std::uint32_t, kMaxBatch> sizes_;
  std::array<std::uint8_t, kMaxBatch> next_;
};

inline void ReplyGroups::clear() noexcept {
  table_ = {};
  next_.fill(kNone);
  chain_count_ = 0;
  any_together_ = false;
}

template <class IsPeerOf>
inline void ReplyGroups::add(std::size_t reply, std::uint64_t tag, std::size_t size,
                             IsPeerOf is_peer_of) noexcept {
  sizes_[reply] = static_cast<std::uint32_t>(size);
  std::size_t place = first_place(tag);
  for (; table_[place] != 0; place = (place + 1) % kTagPlaces) {
    const std::size_t chain = table_[place] - 1U;
    if (tags_[chain] == tag && is_peer_of(last_[chain])) return insert(chain, reply);
  }
  const std::size_t chain = chain_count_++;
  tags_[chain] = tag;
  first_[chain] = last_[chain] = static_cast<std::uint8_t>(reply);
  table_[place] = static_cast<std::uint8_t>(chain + 1);
}

inline void ReplyGroups::add_alone(std::size_t reply, std::size_t size) noexcept {
  sizes_[reply] = static_cast<std::uint32_t>(size);
  const std::size_t chain = chain_count_++;
  first_[chain] = last_[chain] = static_cast<std::uint8_t>(reply);
}

inline void ReplyGroups::insert(std::size_t chain, std::size_t reply) noexcept {
  any_together_ = true;
  const std::size_t last = last_[chain];
  if (sizes_[reply] > sizes_[last]) return insert_before_last(chain, reply);
  next_[last] = last_[chain] = static_cast<std::uint8_t>(reply);
}

template <class Take, class Close>
inline void ReplyGroups::arrange(Take take, Close close) noexcept {
  const std::size_t chains = chain_count_;
  for (std::size_t chain = 0; chain < chains; ++chain) {
    std::size_t reply = first_[chain];
    while (reply != kNone) {
      // All of one size and one shorter: taking it costs its own group a reply, never one more message.
      const std::size_t first = reply;
      const std::size_t size = sizes_[first];
      std::size_t taken = 0;
      do {
        taken = sizes_[reply];
        take(reply, taken);
        reply = next_[reply];
      } while (reply != kNone && taken == size);
      close(first, size);
    }
  }
}

}  // namespace gslbd::server
