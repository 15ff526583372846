// SPDX-License-Identifier: Apache-2.0
#include "server/net/reply_groups.h"

namespace gslbd::server {

void ReplyGroups::insert_before_last(std::size_t chain, std::size_t reply) noexcept {
  // Before those of its size: behind them it would have to pass them all.
  std::uint8_t* link = &first_[chain];
  while (sizes_[*link] > sizes_[reply]) link = &next_[*link];  // ends: the last is not longer
  next_[reply] = *link;
  *link = static_cast<std::uint8_t>(reply);
}

}  // namespace gslbd::server
