// SPDX-License-Identifier: Apache-2.0
#include "zones/additional_resolver.h"

#include <algorithm>

#include "zones/lookup.h"

namespace gslbd::zones {
namespace {

constexpr std::uint64_t kTagMask = ~std::uint64_t{0xffffffff};
constexpr std::size_t kFirstIndexSize = 16;  // a power of two, as all its sizes

bool has_addresses(NodeView node) {
  if (node.has(kNodeHasCname)) return false;
  return node.has(kNodeHasPool) || node.rrset(type::kA) || node.rrset(type::kAaaa);
}

bool is_wildcard(NodeView node) {
  const auto name = node.relative_name();
  return name.size() >= 2 && name[0] == 1 && name[1] == '*';
}

std::uint32_t index_of(std::uint64_t slot) {
  return static_cast<std::uint32_t>(slot) - 1;
}

}  // namespace

void AdditionalResolver::run(std::span<const Place> places) {
  for (const Place& place : places) {
    const RrsetView rrset(&zone_.arena_[place.rrset]);
    const NodeView owner = zone_.node(place.node);
    // At a cut only NS is an answer of ours, and below one nothing is.
    const bool answers = !owner.has(kNodeHidden) && (!owner.has(kNodeCut) || rrset.type() == type::kNs);
    const AdditionalList list = rrset.additional();
    const std::size_t head_at = place.rrset + sizeof(RrsetHead);
    auto head = load<AdditionalHead>(&zone_.arena_[head_at]);
    std::uint8_t* to = &zone_.arena_[head_at + sizeof head];
    head.count = 0;
    bool names_itself = false;  // as SVCB's "." does
    for (std::size_t i = 0; answers && i < list.size(); ++i) {
      AdditionalEntry entry = list[i];
      if (!resolve(entry, place, rrset.type())) continue;
      // Nothing twice (RFC 2181 §5): neither the RRset that is the answer, nor the owner's addresses.
      // Different names may lead to a wildcard: there, only the owner itself is known to be the owner.
      const bool itself = (entry.flags & kExternal) == 0 && entry.node == place.node;
      if (entry.rdata_at == 0 || (itself && !is_wildcard(owner))) {
        if (names_itself || !has_addresses(owner)) continue;
        entry.flags = static_cast<std::uint16_t>(entry.flags & ~unsigned{kWithSameType});
        names_itself = true;
      }
      std::memcpy(to, &entry, sizeof entry);
      to += sizeof entry;
      ++head.count;
    }
    std::memcpy(&zone_.arena_[head_at], &head, sizeof head);
  }
  zone_.external_at_.shrink_to_fit();
}

bool AdditionalResolver::resolve(AdditionalEntry& entry, const Place& place, RrType t) {
  const NodeView owner = zone_.node(place.node);
  if (entry.rdata_at == 0) {
    entry.node = place.node;
    return has_addresses(owner);
  }
  const RrsetView rrset(&zone_.arena_[place.rrset]);
  const std::uint32_t written_at = zone_.offset_in_arena(rrset.block().data()) + entry.rdata_at;
  const Name name = zone_.written_name(written_at);
  target_.assign(name.wire());
  if (!name.is_within(zone_.apex())) return make_external(entry, written_at);

  const LookupResult found = lookup(zone_, target_);
  if (found.found == Found::node) {
    entry.node = zone_.offset_of(found.node);
    return has_addresses(found.node) || ((entry.flags & kWithSameType) != 0 && found.node.rrset(t));
  }
  if (found.found != Found::referral) return false;
  if (owner.has(kNodeCut)) {
    // Not hidden itself, so that it is the topmost cut of all that lies at or below it.
    if (zone_.offset_of(found.node) == place.node) {
      entry.flags = static_cast<std::uint16_t>(entry.flags | kInDomain);
    }
    const NodeView glue = zone_.find(target_, 0);
    if (glue && has_addresses(glue)) {
      entry.node = zone_.offset_of(glue);
      return true;
    }
  }
  return make_external(entry, written_at);
}

bool AdditionalResolver::make_external(AdditionalEntry& entry, std::uint32_t written_at) {
  entry.flags = static_cast<std::uint16_t>(entry.flags | kExternal);
  auto& targets = zone_.external_at_;
  if ((targets.size() + 1) * 2 > index_.size()) grow_index();
  const std::uint64_t tag = target_.suffix_hash(0) << 32;
  std::size_t i = first_slot(tag);
  for (; index_[i] != 0; i = (i + 1) & (index_.size() - 1)) {
    if ((index_[i] & kTagMask) != tag) continue;
    entry.node = index_of(index_[i]);
    const Name known = zone_.external_target(entry.node);
    if (std::ranges::equal(known.wire(), target_.wire())) return true;
  }
  entry.node = static_cast<NodeOffset>(targets.size());
  targets.push_back(written_at);
  index_[i] = tag | targets.size();
  return true;
}

// The tag tells the slot too, so that growing needs no names.
std::size_t AdditionalResolver::first_slot(std::uint64_t tag) const {
  return (tag >> 32) & (index_.size() - 1);
}

void AdditionalResolver::grow_index() {
  std::vector<std::uint64_t> old(std::max(kFirstIndexSize, index_.size() * 2));
  old.swap(index_);
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    std::size_t i = first_slot(slot & kTagMask);
    while (index_[i] != 0) i = (i + 1) & (index_.size() - 1);
    index_[i] = slot;
  }
}

}  // namespace gslbd::zones
