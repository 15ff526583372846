// SPDX-License-Identifier: Apache-2.0
#pragma once
// ReplyGroups: which replies of a batch can leave as one message. The kernel cuts a message at a given size
// (UDP_SEGMENT) and sends the pieces as datagrams of their own: one walk through its layers for all of them
// instead of one for each. So the replies of a message go to one peer and have one size, but the last, which
// may be shorter. Replies to a peer are reordered for that, which UDP allows.
//
// Most batches have nothing to send together, so there are two steps. A TagSet tells for a handful of
// instructions a reply whether any peer comes twice. Only then ReplyGroups finds the groups: a reply's peer
// in a small hash table, and its place among the peer's replies, by falling size, at the end as long as sizes
// do not grow. The worst that a client can bring about by choosing addresses and sizes is a walk over one
// batch for each of its replies.
//
// Knows nothing of sockets. Peers are told apart by tags: equal peers have equal tags, other ones hardly
// ever. Thread: its owner's.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

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

/// Replies that leave as one message.
struct ReplyGroup {
  std::uint8_t first = 0;  ///< of them, as a place in ReplyGroups::order()
  std::uint8_t count = 0;
  std::uint16_t size = 0;  ///< of all but the last
};

/// The tags of a batch: whether one comes twice.
class TagSet {
 public:
  void clear() noexcept {
    table_ = {};
    count_ = 0;
  }
  /// False: it was there already. At most kMaxBatch are added.
  bool add(std::uint64_t tag) noexcept {
    std::size_t place = first_place(tag);
    for (; table_[place] != 0; place = (place + 1) % kTagPlaces) {
      if (tags_[table_[place] - 1] == tag) return false;
    }
    tags_[count_] = tag;
    table_[place] = static_cast<std::uint8_t>(++count_);
    return true;
  }

 private:
  std::array<std::uint8_t, kTagPlaces> table_{};  ///< the tag's number and 1; 0: free
  std::array<std::uint64_t, kMaxBatch> tags_;
  std::uint32_t count_ = 0;
};

class ReplyGroups {
 public:
  /// Forgets the batch.
  void clear() noexcept;
  /// The next reply of the batch. They are numbered from 0, at most kMaxBatch, and at most kMaxSegment long.
  /// Which peers with equal tags are equal is for `is_peer_of` to say, called with the number of an earlier
  /// reply.
  template <class IsPeerOf>
  void add(std::uint64_t tag, std::size_t size, IsPeerOf is_peer_of) noexcept;
  /// The next reply, of any size: it leaves alone.
  void add_alone(std::size_t size) noexcept;
  /// False: every reply leaves alone, as added.
  bool any_together() const noexcept { return chain_count_ != replies_; }
  /// What to send: every reply is in one group. Valid until clear().
  std::span<const ReplyGroup> arrange() noexcept;
  /// The replies' numbers, group by group. After arrange().
  std::span<const std::uint8_t> order() const noexcept { return {order_.data(), replies_}; }

 private:
  // Of a group the kernel takes at most 64 segments, and 65,507 octets.
  static_assert(kMaxBatch <= 64 && kMaxBatch * kMaxSegment <= 65507);
  static constexpr std::uint8_t kNone = 0xff;

  /// A peer's replies by falling size, linked by next_.
  struct Chain {
    std::uint8_t first;
    std::uint8_t last;
  };

  void start_chain(std::uint8_t reply) noexcept;
  void insert(Chain& chain, std::uint8_t reply) noexcept;
  void insert_before_last(Chain& chain, std::uint8_t reply) noexcept;

  std::array<std::uint8_t, kTagPlaces> table_{};  ///< the chain's number and 1; 0: free
  std::array<std::uint64_t, kMaxBatch> tags_;     ///< by chain, as far as the table knows it
  std::array<Chain, kMaxBatch> chains_;
  std::array<std::uint16_t, kMaxBatch> sizes_;  ///< by reply, as is next_
  std::array<std::uint8_t, kMaxBatch> next_;
  std::array<std::uint8_t, kMaxBatch> order_;
  std::array<ReplyGroup, kMaxBatch> groups_;
  std::uint8_t replies_ = 0;
  std::uint8_t chain_count_ = 0;
};

inline void ReplyGroups::start_chain(std::uint8_t reply) noexcept {
  chains_[chain_count_++] = {reply, reply};
  next_[reply] = kNone;
}

template <class IsPeerOf>
inline void ReplyGroups::add(std::uint64_t tag, std::size_t size, IsPeerOf is_peer_of) noexcept {
  const std::uint8_t reply = replies_++;
  sizes_[reply] = static_cast<std::uint16_t>(size);
  for (std::size_t place = first_place(tag);; place = (place + 1) % kTagPlaces) {
    if (table_[place] == 0) {
      tags_[chain_count_] = tag;
      start_chain(reply);
      table_[place] = chain_count_;
      return;
    }
    const unsigned chain = table_[place] - 1U;
    if (tags_[chain] == tag && is_peer_of(chains_[chain].last)) return insert(chains_[chain], reply);
  }
}

inline void ReplyGroups::add_alone(std::size_t size) noexcept {
  const std::uint8_t reply = replies_++;
  sizes_[reply] = static_cast<std::uint16_t>(size);
  start_chain(reply);
}

// Behind all that are not shorter.
inline void ReplyGroups::insert(Chain& chain, std::uint8_t reply) noexcept {
  const std::uint16_t size = sizes_[reply];
  if (size > sizes_[chain.last]) [[unlikely]]
    return insert_before_last(chain, reply);
  next_[chain.last] = reply;
  next_[reply] = kNone;
  chain.last = reply;
}

}  // namespace gslbd::server
