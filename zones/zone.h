// SPDX-License-Identifier: Apache-2.0
#pragma once
// Zone: one zone, compiled and immutable. An index of its names over one arena of nodes (zones/node.h).
//
// Every name that exists is in the index, empty non-terminals too (RFC 4592 §2.2.2), so that an exact match
// costs one probe and the closest encloser one probe per label. Cuts and DNAMEs are resolved when the zone
// is built: a name below one knows it. So are the nodes that additional sections are made of.
//
// In a large zone every access is a miss in the caches, so that it counts how many lines are touched: a name
// has its place in one line of the index, and what is read of the Zone itself is one line. (Nodes are not
// fitted into lines: fetched ahead, two lines come as soon as one, and the gaps cost a third of the memory.)
//
// Thread: immutable once built; any thread may read. Built by zones/zone_builder.h.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cache_line.h"
#include "core/large_array.h"
#include "core/octets.h"
#include "zones/name.h"
#include "zones/name_index.h"
#include "zones/node.h"
#include "zones/query_name.h"

namespace gslbd::zones {

class alignas(kCacheLine) Zone {
 public:
  const Name& apex() const { return apex_; }
  std::size_t apex_length() const { return apex_.length(); }
  std::size_t apex_labels() const { return apex_labels_; }
  std::uint32_t serial() const { return serial_; }
  /// Names that own data or are empty non-terminals.
  std::size_t name_count() const { return index_.size(); }
  /// The pools its names use; PoolBinding::pool indexes it.
  const std::vector<std::string>& pools() const { return pools_; }
  /// Resident octets of table and arena.
  std::size_t memory() const {
    return index_.memory() + arena_.memory() + external_at_.capacity() * sizeof(std::uint32_t);
  }

  NodeView node(NodeOffset offset) const { return NodeView(&arena_[offset]); }
  NodeView apex_node() const { return node(apex_node_); }
  /// The SOA with the negative TTL, min(its TTL, its minimum) (RFC 2308 §5).
  RrsetView negative_soa() const { return RrsetView(&arena_[negative_soa_]); }

  /// The hosts that RRsets of this zone name and that it cannot answer for itself, each once; an
  /// AdditionalEntry with kExternal indexes them. Most lie outside the zone; some lie below its cuts, in
  /// zones that may be ours too. Lower case. The names stay where they are in the blocks: a target costs 4
  /// octets here.
  std::size_t external_target_count() const { return external_at_.size(); }
  Name external_target(std::size_t index) const { return written_name(external_at_[index]).lowercased(); }

  /// The node of `name` without its `skip` leftmost labels, which must still be within the apex.
  NodeView find(const QueryName& name, std::size_t skip) const {
    const auto suffix = name.suffix(skip);
    return find(name.suffix_hash(skip), suffix.first(suffix.size() - apex_length()), false);
  }
  /// find() in three steps, so that several names wait for memory at the same time: bring its place in the
  /// index nearer; see there whether a node may be the one, and bring that nearer; look whether it is.
  NameIndex::Place prefetch(std::uint64_t hash) const noexcept { return index_.prefetch(hash); }
  /// Where the node is that `hash` leads to first, or one that is never to be answered from (kNodeHidden).
  const std::uint8_t* candidate(NameIndex::Place place, std::uint64_t hash) const noexcept {
    const std::uint8_t* const at = &arena_[NameIndex::first(place, hash)];
    __builtin_prefetch(at);
    __builtin_prefetch(at + kUsualNode);  // in the arena: the negative SOA follows the last node
    return at;
  }
  /// Whether a node has the name that begins with these octets, of which so many lie left of the apex.
  static bool is_named(NodeView node, const std::uint8_t* name, std::size_t relative_length) noexcept {
    const auto have = node.relative_name();
    return have.size() == relative_length && equal_octets(have.data(), name, have.size());
  }
  /// The node of "*." before that suffix.
  NodeView find_wildcard(const QueryName& name, std::size_t skip) const {
    const auto suffix = name.suffix(skip);
    return find(name.wildcard_hash(skip), suffix.first(suffix.size() - apex_length()), true);
  }

  /// Calls f(NodeView) for every node, in the order they were read.
  template <class F>
  void for_each_node(F&& f) const {
    for (NodeOffset at = kFirstNode; at < nodes_end_;) {
      const NodeView n = node(at);
      f(n);
      at = next_node(at);
    }
  }
  /// Where a node of this zone is: what node() takes.
  NodeOffset offset_of(NodeView node) const {
    return offset_in_arena(node.relative_name().data()) - NodeOffset{sizeof(NodeHead)};
  }
  /// The absolute owner name of a node.
  Name owner(NodeView node) const;

 private:
  friend class ZoneBuilder;
  friend class AdditionalResolver;

  // At 0, where the index leads for names that are not there, is a head without anything, and hidden.
  static constexpr NodeOffset kFirstNode = sizeof(NodeHead);
  static constexpr std::size_t kUsualNode = 48;  ///< octets that a node with an address or two has

  NodeView find(std::uint64_t hash, std::span<const std::uint8_t> relative, bool starred) const {
    const NodeOffset found = index_.find(hash, [&](NodeOffset candidate) {
      return matches(node(candidate).relative_name(), relative, starred);
    });
    return found == 0 ? NodeView() : node(found);
  }
  static bool matches(std::span<const std::uint8_t> have, std::span<const std::uint8_t> want, bool starred) {
    const std::size_t star = starred ? 2 : 0;
    if (have.size() != want.size() + star) return false;
    if (starred && (have[0] != 1 || have[1] != '*')) return false;
    return equal_octets(have.data() + star, want.data(), want.size());
  }
  NodeOffset next_node(NodeOffset at) const;
  std::uint32_t offset_in_arena(const std::uint8_t* at) const {
    return static_cast<std::uint32_t>(at - arena_.data());
  }
  // The name at an offset in the arena as blocks hold names: labels, then the root or a pointer to the apex.
  Name written_name(std::uint32_t at) const;

  // What a lookup reads first stands together: these fill one line.
  NameIndex index_;
  LargeArray<std::uint8_t> arena_;
  NodeOffset apex_node_ = 0;
  std::uint32_t negative_soa_ = 0;
  Name apex_;
  std::size_t apex_labels_ = 0;
  std::uint32_t serial_ = 0;
  NodeOffset nodes_end_ = kFirstNode;       ///< the negative SOA follows the nodes
  std::vector<std::uint32_t> external_at_;  ///< where in the arena external targets are written
  std::vector<std::string> pools_;
};

}  // namespace gslbd::zones
