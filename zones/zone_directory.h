// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZoneDirectory: which of our zones a name belongs to: the one with the longest apex the name ends in. A hash
// table of apexes, half full at most; a name is looked up once for every label count that some apex has, so
// once where all zones are equally deep, as one zone always is.
//
// Thread: immutable once filled; any thread may find().

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <vector>

#include "zones/zone.h"

namespace gslbd::zones {

/// Maps apexes to indexes that the caller chose.
class ZoneDirectory {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  ZoneDirectory() = default;
  /// Zone i of the list gets index i; apexes must be distinct.
  explicit ZoneDirectory(const std::vector<const Zone*>& zones) : slots_(zones.size() * 2 + 1) {
    for (std::uint32_t i = 0; i < zones.size(); ++i) {
      const QueryName apex(zones[i]->apex());
      depths_.set(apex.label_count());
      deepest_ = std::max(deepest_, apex.label_count());
      shallowest_ = std::min(shallowest_, apex.label_count());
      std::size_t slot = home_slot(apex.suffix_hash(0));
      while (slots_[slot].zone != nullptr) slot = after(slot);
      slots_[slot] = {apex.suffix_hash(0), zones[i], i};
    }
  }

  /// `zone` takes the place of one with the same apex.
  void replace(const Zone& zone) noexcept {
    const std::uint64_t hash = QueryName(zone.apex()).suffix_hash(0);
    std::size_t i = home_slot(hash);
    while (slots_[i].hash != hash || !(slots_[i].zone->apex() == zone.apex())) i = after(i);
    slots_[i].zone = &zone;
  }

  /// The longest apex at or above `name` without its `skip` leftmost labels; kNone when no zone of ours has
  /// it.
  std::uint32_t find(const QueryName& name, std::size_t skip = 0) const noexcept {
    const std::size_t labels = name.label_count();
    if (skip > labels) return kNone;  // nothing is above the root
    for (std::size_t depth = deepest_below(labels - skip) + 1; depth-- > shallowest_;) {
      if (!depths_.test(depth)) continue;
      const std::uint64_t hash = name.suffix_hash(labels - depth);
      const auto want = name.suffix(labels - depth);
      for (std::size_t i = home_slot(hash); slots_[i].zone != nullptr; i = after(i)) {
        if (slots_[i].hash != hash) continue;
        const auto have = slots_[i].zone->apex().wire();
        if (std::equal(have.begin(), have.end(), want.begin(), want.end())) return slots_[i].index;
      }
    }
    return kNone;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    const Zone* zone = nullptr;
    std::uint32_t index = 0;
  };

  std::size_t deepest_below(std::size_t depth) const noexcept { return std::min(depth, deepest_); }
  std::size_t home_slot(std::uint64_t hash) const noexcept { return ((hash >> 32) * slots_.size()) >> 32; }
  std::size_t after(std::size_t slot) const noexcept { return slot + 1 == slots_.size() ? 0 : slot + 1; }

  std::vector<Slot> slots_ = std::vector<Slot>(1);
  std::bitset<kMaxLabels + 1> depths_;  ///< label counts that some apex has: the others need no probe
  std::size_t deepest_ = 0;
  std::size_t shallowest_ = kMaxLabels;
};

}  // namespace gslbd::zones
