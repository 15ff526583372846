// SPDX-License-Identifier: Apache-2.0
#pragma once
// Nodes and blocks: how a compiled zone lies in memory. Everything is in one arena, read in place.
//
//   node    head (8 octets) | owner name relative to the apex, lower case, no root label | RRsets
//   RRset   head (8 octets) | additional list | moves (2 octets each) | block: the RRs as they go on the wire
//
// A block is right as it stands when its owner is the question's name: each RR begins with a pointer to
// offset 12, and names in RDATA that end in the zone's apex end in a pointer to the apex inside the question.
// Anywhere else (behind a CNAME, as a referral, as glue, from a wildcard) the owner pointers and the apex
// pointers are moved as the block is copied (server/answer/message_writer.h). "Moves" lists the places of the
// apex pointers.
//
// The additional list is there only when the RRs name hosts (NS, MX, SRV, SVCB, ...): which nodes hold what
// the additional section wants (RFC 1034 §4.3.2 step 6), found when the zone is built. An RRset without it
// pays nothing for it.
//
// A node's parts start at even offsets; the views below read them with memcpy, so no alignment is assumed.

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "zones/rr_type.h"

namespace gslbd::zones {

/// Offset of a node in its zone's arena; 0 is no node.
using NodeOffset = std::uint32_t;

struct NodeHead {
  std::uint8_t name_length;   ///< of the relative owner name; 0 at the apex
  std::uint8_t flags;         ///< NodeFlag bits
  std::uint16_t rrset_count;  ///< 0 for an empty non-terminal
  NodeOffset link;            ///< of a hidden node: the cut or DNAME that hides it; otherwise 0
};

enum NodeFlag : std::uint8_t {
  kNodeCut = 1,          ///< owns NS and is not the apex: a zone cut (RFC 1034 §4.2)
  kNodeHidden = 2,       ///< below a cut (glue, occluded data) or below a DNAME: never an answer itself
  kNodeHasWildcard = 4,  ///< "*" directly below exists (RFC 4592 §2.1.1)
  kNodeHasCname = 8,     ///< then the CNAME is its first RRset
  kNodeHasPool = 16,     ///< then the pool binding is its first RRset
  kNodeHasDname = 32,    ///< what lies below it is elsewhere (RFC 6672 §2.4)
};

struct RrsetHead {
  RrType type;  ///< kPoolBinding for a pool
  std::uint16_t rr_count;
  std::uint16_t size;   ///< octets of the block
  std::uint16_t words;  ///< of 2 octets between head and block: the moves, with kHasAdditional a list too
};

/// In RrsetHead::words: an additional list stands before the moves. So a block is found, and skipped, without
/// asking. (64 KB have fewer than 6,000 moves, and a list at most 1,000 entries: 15 bits suffice.)
inline constexpr std::uint16_t kHasAdditional = 0x8000;

/// The RRset type that stands for "A and AAAA come from a pool"; its block is a PoolBinding.
inline constexpr RrType kPoolBinding = 0;

struct PoolBinding {
  std::uint32_t pool;   ///< index into the zone's list of pool names
  std::uint32_t ttl_s;  ///< ZoneData::kPoolTtl: the pool's own
};

/// What an additional list begins with: how many entries it has, and room for how many.
struct AdditionalHead {
  std::uint16_t count;
  std::uint16_t room;
};

enum AdditionalFlag : std::uint16_t {
  kExternal = 1,      ///< not answered from this zone: `node` is an index for Zone::external_target()
  kWithSameType = 2,  ///< the target's own RRset of the same type is wanted too: AliasMode (RFC 9460 §4.1)
  kInDomain = 4,      ///< a cut's name server at or below the cut: its glue must fit, or TC (RFC 9471 §3.1)
};

/// A host that an RRset names, whose addresses belong into the additional section.
struct AdditionalEntry {
  /// Where its name stands in the RRset's block: owner pointers of what is added point there. 0: it is the
  /// RRset's own owner (RFC 9460 §2.5.2).
  std::uint16_t rdata_at;
  std::uint16_t flags;  ///< AdditionalFlag bits
  NodeOffset node;      ///< has A, AAAA or a pool, or with kWithSameType the RRset of that type
};

template <class T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

namespace detail {
constexpr bool kSwapped = std::endian::native == std::endian::little;
constexpr std::uint16_t network_order(std::uint16_t n) {
  return kSwapped ? __builtin_bswap16(n) : n;
}
constexpr std::uint32_t network_order(std::uint32_t n) {
  return kSwapped ? __builtin_bswap32(n) : n;
}
constexpr std::uint64_t network_order(std::uint64_t n) {
  return kSwapped ? __builtin_bswap64(n) : n;
}
}  // namespace detail

/// The number that the network-order octets at `at` are.
inline std::uint16_t load_be16(const std::uint8_t* at) {
  return detail::network_order(load<std::uint16_t>(at));
}
inline std::uint32_t load_be32(const std::uint8_t* at) {
  return detail::network_order(load<std::uint32_t>(at));
}
inline void store_be16(std::uint8_t* at, std::size_t value) {
  const std::uint16_t octets = detail::network_order(static_cast<std::uint16_t>(value));
  std::memcpy(at, &octets, sizeof octets);
}
inline void store_be32(std::uint8_t* at, std::uint32_t value) {
  const std::uint32_t octets = detail::network_order(value);
  std::memcpy(at, &octets, sizeof octets);
}
inline void store_be64(std::uint8_t* at, std::uint64_t value) {
  const std::uint64_t octets = detail::network_order(value);
  std::memcpy(at, &octets, sizeof octets);
}

constexpr std::size_t round_to_even(std::size_t n) {
  return (n + 1) & ~std::size_t{1};
}

/// A length octet from here on is a compression pointer's first (RFC 1035 §4.1.4).
inline constexpr std::uint8_t kPointerBits = 0xc0;

/// Where an RR's parts stand after its two octets of owner pointer: type 2, class 4, TTL 6, RDLENGTH 10,
/// RDATA 12.
inline constexpr std::size_t kRrTtlAt = 6;
inline constexpr std::size_t kRrLengthAt = 10;
inline constexpr std::size_t kRrDataAt = 12;

/// Points at an additional list in the arena; default: an empty one.
class AdditionalList {
 public:
  class Iterator {
   public:
    Iterator() = default;
    explicit Iterator(const std::uint8_t* at) : at_(at) {}
    AdditionalEntry operator*() const { return load<AdditionalEntry>(at_); }
    Iterator& operator++() {
      at_ += sizeof(AdditionalEntry);
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };

  AdditionalList() = default;
  explicit AdditionalList(const std::uint8_t* at)
      : entries_(at + sizeof(AdditionalHead)), count_(load<AdditionalHead>(at).count) {}

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  AdditionalEntry operator[](std::size_t i) const {
    return load<AdditionalEntry>(entries_ + i * sizeof(AdditionalEntry));
  }
  Iterator begin() const { return Iterator(entries_); }
  Iterator end() const { return Iterator(entries_ + count_ * sizeof(AdditionalEntry)); }

 private:
  const std::uint8_t* entries_ = nullptr;
  std::size_t count_ = 0;
};

/// Points at an RRset in the arena; default: none.
class RrsetView {
 public:
  RrsetView() = default;
  explicit RrsetView(const std::uint8_t* at) : at_(at), head_(load<RrsetHead>(at)) {}

  explicit operator bool() const { return at_ != nullptr; }
  RrType type() const { return head_.type; }
  std::uint16_t rr_count() const { return head_.rr_count; }
  std::size_t move_count() const { return (head_.words & (kHasAdditional - 1U)) - list_size() / 2; }
  std::uint16_t move(std::size_t i) const {
    return load<std::uint16_t>(at_ + sizeof(RrsetHead) + list_size() + 2 * i);
  }
  std::span<const std::uint8_t> block() const {
    // The shift loses kHasAdditional.
    return {at_ + sizeof(RrsetHead) + static_cast<std::uint16_t>(head_.words << 1), head_.size};
  }
  PoolBinding pool() const { return load<PoolBinding>(block().data()); }
  /// Each target once, in the order of the RRs.
  AdditionalList additional() const {
    return has_additional() ? AdditionalList(at_ + sizeof(RrsetHead)) : AdditionalList();
  }
  bool has_additional() const { return (head_.words & kHasAdditional) != 0; }
  const std::uint8_t* next() const { return block().data() + round_to_even(head_.size); }

 private:
  std::size_t list_size() const {
    if (!has_additional()) return 0;
    const auto list = load<AdditionalHead>(at_ + sizeof(RrsetHead));
    return sizeof(AdditionalHead) + list.room * sizeof(AdditionalEntry);
  }

  const std::uint8_t* at_ = nullptr;
  RrsetHead head_{};
};

/// Points at a node in the arena; default: none.
class NodeView {
 public:
  NodeView() = default;
  explicit NodeView(const std::uint8_t* at) : at_(at), head_(load<NodeHead>(at)) {}

  explicit operator bool() const { return at_ != nullptr; }
  bool has(NodeFlag flag) const { return (head_.flags & flag) != 0; }
  /// `flags` are NodeFlag bits.
  bool has_any(unsigned flags) const { return (head_.flags & flags) != 0; }
  NodeOffset link() const { return head_.link; }
  std::size_t rrset_count() const { return head_.rrset_count; }
  std::span<const std::uint8_t> relative_name() const { return {at_ + sizeof(NodeHead), head_.name_length}; }

  /// Calls f(RrsetView) for each RRset until it returns false.
  template <class F>
  void for_each_rrset(F&& f) const {
    const std::uint8_t* p = first_rrset_at();
    for (std::size_t i = 0; i < head_.rrset_count; ++i) {
      const RrsetView rrset(p);
      if (!f(rrset)) return;
      p = rrset.next();
    }
  }

  RrsetView rrset(RrType type) const {
    const std::uint8_t* p = first_rrset_at();
    for (std::size_t i = 0; i < head_.rrset_count; ++i) {
      const RrsetView rrset(p);
      if (rrset.type() == type) return rrset;
      p = rrset.next();
    }
    return {};
  }
  /// The first RRset; the node must have one.
  RrsetView first_rrset() const { return RrsetView(first_rrset_at()); }

 private:
  const std::uint8_t* first_rrset_at() const {
    return at_ + sizeof(NodeHead) + round_to_even(head_.name_length);
  }

  const std::uint8_t* at_ = nullptr;
  NodeHead head_{};
};

}  // namespace gslbd::zones
