// SPDX-License-Identifier: Apache-2.0
#include "server/net/reply_groups.h"

namespace gslbd::server {

void ReplyGroups::clear() noexcept {
  table_ = {};
  replies_ = 0;
  chain_count_ = 0;
}

void ReplyGroups::insert_before_last(Chain& chain, std::uint8_t reply) noexcept {
  std::uint8_t* link = &chain.first;
  while (sizes_[*link] >= sizes_[reply]) link = &next_[*link];  // ends: the last is shorter
  next_[reply] = *link;
  *link = reply;
}

std::span<const ReplyGroup> ReplyGroups::arrange() noexcept {
  std::size_t groups = 0;
  std::uint8_t placed = 0;
  for (std::uint8_t chain = 0; chain < chain_count_; ++chain) {
    std::uint8_t reply = chains_[chain].first;
    while (reply != kNone) {
      const std::uint8_t first = placed;
      const std::uint16_t size = sizes_[reply];
      // All of this size and one shorter: taking it costs its own group a reply, never one more message.
      std::uint16_t taken = 0;
      do {
        taken = sizes_[reply];
        order_[placed++] = reply;
        reply = next_[reply];
      } while (reply != kNone && taken == size);
      groups_[groups++] = {first, static_cast<std::uint8_t>(placed - first), size};
    }
  }
  return {groups_.data(), groups};
}

}  // namespace gslbd::server
