// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZoneDirectory: which of our zones a name belongs to: the one with the longest apex the name ends in.
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
      std::size_t slot = apex.suffix_hash(0) % slots_.size();
      while (slots_[slot].zone != nullptr) slot = (slot + 1) % slots_.size();
      slots_[slot] = {apex.suffix_hash(0), zones[i], i};
    }
  }

  /// The longest apex at or above `name` without its `skip` leftmost labels; kNone when no zone of ours has
  /// it.
  std::uint32_t find(const QueryName& name, std::size_t skip = 0) const {
    for (; skip <= name.label_count(); ++skip) {
      if (!depths_.test(name.label_count() - skip)) continue;
      const std::uint64_t hash = name.suffix_hash(skip);
      const auto want = name.suffix(skip);
      for (std::size_t i = hash % slots_.size(); slots_[i].zone != nullptr; i = (i + 1) % slots_.size()) {
        const auto have = slots_[i].zone->apex().wire();
        if (slots_[i].hash == hash && std::equal(have.begin(), have.end(), want.begin(), want.end())) {
          return slots_[i].index;
        }
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
  std::vector<Slot> slots_ = std::vector<Slot>(1);
  std::bitset<kMaxLabels + 1> depths_;  ///< label counts that some apex has: the others need no probe
};

}  // namespace gslbd::zones
