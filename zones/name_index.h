// SPDX-License-Identifier: Apache-2.0
#pragma once
// NameIndex: from the hash of a name to its node, at the cost of one cache line.
//
// A bucket is a line: twelve nodes, one octet of each one's hash, and whether more had to go to the next
// bucket. The twelve octets are compared at once; one in thirty names that are not there meets a node of
// another name, which the caller tells apart. Buckets are filled to two thirds, so that few spill over: a
// name costs eight octets here.
//
// Thread: immutable once filled; any thread may read.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/large_array.h"
#include "zones/node.h"

namespace gslbd::zones {

class NameIndex {
  friend struct NameIndexTwins;  // a test holds the two ways to compare equal

  static constexpr std::size_t kSlots = 12;
  static constexpr std::size_t kUsual = 8;

  // Empty is all zero.
  struct alignas(64) Bucket {
    std::array<std::uint8_t, kSlots> tags;
    std::uint8_t used;
    bool spilt;  ///< names whose home this is are in buckets behind it
    std::array<NodeOffset, kSlots> nodes;
  };
  static_assert(sizeof(Bucket) == 64);

 public:
  NameIndex() = default;
  /// Room for `names` names at the usual density.
  explicit NameIndex(std::size_t names) : buckets_(names / kUsual + 1) {}

  /// True when it is time for a larger one.
  bool crowded() const { return size_ >= buckets_.size() * kUsual + kSlots - kUsual; }
  std::size_t size() const { return size_; }
  std::size_t memory() const { return buckets_.memory(); }

  /// `node` must not be 0; there must be room.
  void insert(std::uint64_t hash, NodeOffset node) {
    std::size_t at = home(hash);
    for (; buckets_[at].used == kSlots; at = next(at)) buckets_[at].spilt = true;
    Bucket& bucket = buckets_[at];
    bucket.tags[bucket.used] = tag(hash);
    bucket.nodes[bucket.used++] = node;
    ++size_;
  }

  /// find() in two steps, of which the first brings nearer what the second reads.
  class Place {
    friend class NameIndex;
    const Bucket* bucket;
  };
  Place prefetch(std::uint64_t hash) const noexcept {
    Place place;
    place.bucket = &buckets_[home(hash)];
    __builtin_prefetch(place.bucket);
    return place;
  }
  /// The first node there with that hash, as far as it is compared; 0: there is none, or not there.
  static NodeOffset first(Place place, std::uint64_t hash) noexcept {
    // Unused slots are behind the used ones, and hold 0.
    const std::uint32_t found = same_tags(*place.bucket, tag(hash));
    return found == 0 ? 0 : place.bucket->nodes[static_cast<unsigned>(std::countr_zero(found))];
  }

  /// The first node with that hash, as far as it is compared, that f(NodeOffset) says yes to; 0: there is
  /// none.
  template <class F>
  NodeOffset find(std::uint64_t hash, F&& f) const noexcept {
    for (std::size_t at = home(hash);; at = next(at)) {
      const Bucket& bucket = buckets_[at];
      for (std::uint32_t found = matches(bucket, tag(hash)); found != 0; found &= found - 1) {
        const NodeOffset node = bucket.nodes[static_cast<std::size_t>(std::countr_zero(found))];
        if (f(node)) return node;
      }
      if (!bucket.spilt) return 0;
    }
  }

  /// Calls f(NodeOffset) for all.
  template <class F>
  void for_each(F&& f) const {
    for (const Bucket& bucket : buckets_) {
      for (std::size_t i = 0; i < bucket.used; ++i) f(bucket.nodes[i]);
    }
  }

 private:
  // Names that differ in a digit differ little in the lowest octet, which a multiplication mixes least: up to
  // one in 24 was found behind another. With this one it is one in 58 to 68; with random ones, one in 64.
  static std::uint8_t tag(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 24); }
  std::size_t home(std::uint64_t hash) const { return ((hash >> 32) * buckets_.size()) >> 32; }
  std::size_t next(std::size_t at) const { return at + 1 == buckets_.size() ? 0 : at + 1; }

  /// A bit for each node of the bucket whose tag is `tag`.
  static std::uint32_t matches(const Bucket& bucket, std::uint8_t tag) noexcept {
    return same_tags(bucket, tag) & ((1U << bucket.used) - 1);
  }
  /// The same with the unused slots, whose tags are 0.
  static std::uint32_t same_tags(const Bucket& bucket, std::uint8_t tag) noexcept {
#ifdef __SSE2__
    // The four octets behind the tags are compared too, and masked out.
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
    const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(same)) & ((1U << kSlots) - 1);
#else
    return same_tags_one_by_one(bucket, tag);
#endif
  }
  static std::uint32_t same_tags_one_by_one(const Bucket& bucket, std::uint8_t tag) noexcept {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < kSlots; ++i) found |= static_cast<std::uint32_t>(bucket.tags[i] == tag) << i;
    return found;
  }

  LargeArray<Bucket> buckets_{1};
  std::size_t size_ = 0;  ///< names
};

}  // namespace gslbd::zones
