// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "zones/additional_resolver.h"
#include "zones/block_composer.h"
#include "zones/limits.h"
#include "zones/rdata_targets.h"

namespace gslbd::zones {
class ZoneBuilder {
 public:
  explicit ZoneBuilder(const ZoneData& data)
      : data_(data), zone_(std::make_shared<Zone>()), composer_(data.apex().wire()) {}

  Result<std::shared_ptr<const Zone>> build() {
    zone_->apex_ = data_.apex();
    zone_->apex_labels_ = data_.apex().label_count();
    zone_->pools_ = data_.pools();
    reserve();
    for (auto run = data_.entries(); !run.empty();) {
      const std::size_t n = run_length(run);
      add_owner(run.first(n));
      run = run.subspan(n);
    }
    add_empty_non_terminals();
    zone_->nodes_end_ = end();
    if (hides_) mark_hidden();
    mark_wildcards();
    AdditionalResolver(*zone_).run(with_additional_);
    add_negative_soa();
    if (!error_.empty()) return fail(std::move(error_));
    zone_->arena_.shrink_to_fit();
    return std::shared_ptr<const Zone>(std::move(zone_));
  }

 private:
  using Entry = ZoneData::Entry;

  // The index is sized for the owners, and grown if the empty non-terminals crowd it. The arena's reservation
  // is an upper bound; pages never touched cost nothing.
  void reserve() {
    std::size_t owners = 0;
    std::size_t octets = 4096;
    for (auto run = data_.entries(); !run.empty();) {
      const std::size_t n = run_length(run);
      ++owners;
      octets += sizeof(NodeHead) + data_.owner(run[0]).size() + 1;
      for (const Entry& e : run.first(n)) {
        octets += sizeof(RrsetHead) + sizeof(PoolBinding) + 1;
        const bool targets = has_target(e.type);
        if (targets) octets += sizeof(AdditionalHead);
        data_.for_each_rdata(e, [&](auto rdata) {
          octets += kRrDataAt + rdata.size() + 4 + (targets ? sizeof(AdditionalEntry) : 0);
        });
      }
      run = run.subspan(n);
    }
    zone_->arena_.reserve(octets);
    const NodeHead none{.name_length = 0, .flags = kNodeHidden, .rrset_count = 0, .link = 0};
    append(&none, sizeof none);
    zone_->index_ = NameIndex(owners);
  }

  std::size_t run_length(std::span<const Entry> from) const {
    std::size_t n = 1;
    while (n < from.size() && from[n].owner_at == from[0].owner_at) ++n;
    return n;
  }

  NodeOffset end() const { return static_cast<NodeOffset>(zone_->arena_.size()); }

  void append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    zone_->arena_.append({from, size});
    if (zone_->arena_.size() % 2 != 0) zone_->arena_.push_back(0);
    if (zone_->arena_.size() > std::numeric_limits<NodeOffset>::max() && error_.empty()) {
      error_ = "the zone is larger than 4 GiB";
    }
  }

  void add_owner(std::span<const Entry> run) {
    const auto owner = data_.owner(run[0]);
    const std::size_t relative = owner.size() - data_.apex().length();
    std::uint8_t flags = 0;
    for (const Entry& e : run) {
      if (e.type == type::kNs && relative != 0) flags |= kNodeCut;
      if (e.type == type::kCname) flags |= kNodeHasCname;
      if (e.type == type::kDname) flags |= kNodeHasDname;
      if (e.pool != ZoneData::kNoPool) flags |= kNodeHasPool;
    }
    if ((flags & (kNodeCut | kNodeHasDname)) != 0) hides_ = true;
    query_.assign(owner);
    const NodeOffset offset = add_node(flags, run.size());
    if (relative == 0) zone_->apex_node_ = offset;
    // CNAME and pool first: NodeFlag promises it.
    const auto leads = [](const Entry& e) { return e.type == type::kCname || e.pool != ZoneData::kNoPool; };
    for (const Entry& e : run) {
      if (leads(e)) add_rrset(e, owner, offset);
    }
    for (const Entry& e : run) {
      if (!leads(e)) add_rrset(e, owner, offset);
    }
  }

  // Adds a node for query_'s suffix after `skip` labels and enters it into the table.
  NodeOffset add_node(std::uint8_t flags, std::size_t rrsets, std::size_t skip = 0) {
    const auto owner = query_.suffix(skip);
    const auto relative = owner.first(owner.size() - zone_->apex_length());
    const NodeOffset offset = end();
    const NodeHead head{static_cast<std::uint8_t>(relative.size()), flags, static_cast<std::uint16_t>(rrsets),
                        0};
    append(&head, sizeof head);
    append(relative.data(), relative.size());
    enter(query_.suffix_hash(skip), offset);
    if (relative.size() > 1 && relative[0] == 1 && relative[1] == '*') wildcards_.push_back(offset);
    return offset;
  }

  void enter(std::uint64_t hash, NodeOffset offset) {
    if (zone_->index_.crowded()) grow();
    zone_->index_.insert(hash, offset);
  }

  void grow() {
    NameIndex larger(zone_->index_.size() * 3 / 2);
    zone_->index_.for_each([&](NodeOffset offset) {
      larger.insert(QueryName(zone_->owner(zone_->node(offset))).suffix_hash(0), offset);
    });
    zone_->index_ = std::move(larger);
  }

  void add_rrset(const Entry& e, std::span<const std::uint8_t> owner, NodeOffset node) {
    composer_.begin(owner);
    if (e.pool != ZoneData::kNoPool) {
      const PoolBinding binding{e.pool, e.ttl_s};
      composer_.set_raw(&binding, sizeof binding);
      return append_block(kPoolBinding, node);
    }
    data_.for_each_rdata(e, [&](auto rdata) {
      if (composer_.bytes().size() <= kLargestBlock) composer_.add(e.type, e.ttl_s, rdata);
    });
    if (composer_.bytes().size() > kLargestBlock) {
      if (error_.empty()) {
        error_ = fmt::format(
            "the RRset {} of type {} has more than {} octets on the wire: no message can carry it",
            Name::from_wire(data_.owner(e))->to_string(), e.type, kLargestBlock);
      }
      composer_.begin(owner);
    }
    append_block(e.type, node);
  }

  void append_block(RrType t, NodeOffset node) {
    const auto additional = composer_.additional();
    const auto moves = composer_.moves();
    std::size_t words = moves.size();
    if (!additional.empty()) {
      with_additional_.push_back({node, end()});
      words += (sizeof(AdditionalHead) + additional.size_bytes()) / 2;
      words |= kHasAdditional;
    }
    const RrsetHead head{t, composer_.rr_count(), static_cast<std::uint16_t>(composer_.bytes().size()),
                         static_cast<std::uint16_t>(words)};
    append(&head, sizeof head);
    if (!additional.empty()) {
      const auto count = static_cast<std::uint16_t>(additional.size());
      const AdditionalHead list{count, count};
      append(&list, sizeof list);
      append(additional.data(), additional.size_bytes());
    }
    append(moves.data(), moves.size_bytes());
    append(composer_.bytes().data(), composer_.bytes().size());
  }

  // RFC 4592 §2.2.2: a name with something below it exists. The walk up stops at the first name that is
  // there: that one's own ancestors are its affair.
  void add_empty_non_terminals() {
    for (auto run = data_.entries(); !run.empty(); run = run.subspan(run_length(run))) {
      const auto owner = data_.owner(run[0]);
      if (owner.size() <= std::size_t{owner[0]} + 1 + zone_->apex_length()) continue;  // no name in between
      query_.assign(owner);
      const std::size_t depth = query_.label_count() - zone_->apex_labels_;
      for (std::size_t skip = 1; skip < depth && !zone_->find(query_, skip); ++skip) add_node(0, 0, skip);
    }
  }

  std::uint8_t* mutable_head(NodeView node) { return zone_->arena_.data() + offset_of(node); }
  NodeOffset offset_of(NodeView node) const { return zone_->offset_of(node); }
  void set(NodeView node, std::uint8_t flag, NodeOffset link) {
    NodeHead head = load<NodeHead>(mutable_head(node));
    head.flags = static_cast<std::uint8_t>(head.flags | flag);
    if (link != 0) head.link = link;
    std::memcpy(mutable_head(node), &head, sizeof head);
  }

  // The highest cut or DNAME above a name decides (RFC 1034 §4.2.1, RFC 6672 §2.4): what lies below it
  // belongs to somebody else, or is elsewhere.
  void mark_hidden() {
    zone_->for_each_node([&](NodeView node) {
      query_.assign(zone_->owner(node).wire());
      for (std::size_t up = query_.label_count() - zone_->apex_labels_; up > 0; --up) {
        const NodeView ancestor = zone_->find(query_, up);
        if (!ancestor.has(kNodeCut) && !ancestor.has(kNodeHasDname)) continue;
        set(node, kNodeHidden, offset_of(ancestor));
        break;
      }
    });
  }

  void mark_wildcards() {
    for (const NodeOffset offset : wildcards_) {
      query_.assign(zone_->owner(zone_->node(offset)).wire());
      set(zone_->find(query_, 1), kNodeHasWildcard, 0);
    }
  }

  // RFC 2308 §3: the SOA in a negative answer carries the smaller of its TTL and its minimum field.
  void add_negative_soa() {
    const RrsetView soa = zone_->apex_node().rrset(type::kSoa);
    const auto block = soa.block();
    constexpr std::size_t kNumbers =
        20;  // serial, refresh, retry, expire, minimum: the last octets of the RDATA
    const std::uint8_t* numbers = block.data() + block.size() - kNumbers;
    zone_->serial_ = load_be32(numbers);
    const std::uint32_t ttl_s = std::min(load_be32(block.data() + kRrTtlAt), load_be32(numbers + 16));
    std::vector<std::uint8_t> copy(block.data() - 2 * soa.move_count() - sizeof(RrsetHead), soa.next());
    store_be32(&copy[copy.size() - round_to_even(block.size()) + kRrTtlAt], ttl_s);
    zone_->negative_soa_ = end();
    append(copy.data(), copy.size());
  }

  const ZoneData& data_;
  std::shared_ptr<Zone> zone_;
  BlockComposer composer_;
  QueryName query_;  // scratch
  std::vector<NodeOffset> wildcards_;
  std::vector<AdditionalResolver::Place> with_additional_;
  bool hides_ = false;  ///< some name is a cut or owns a DNAME
  std::string error_;
};

Result<std::shared_ptr<const Zone>> build_zone(const ZoneData& data) {
  return ZoneBuilder(data).build();
}

}  // namespace gslbd::zones
