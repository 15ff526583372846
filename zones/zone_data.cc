// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_data.h"

#include <algorithm>

namespace gslbd::zones {

std::uint64_t ZoneData::begin_owner(const Name& owner) {
  owner_at_ = bytes_.size();
  const auto wire = owner.wire();
  bytes_.resize(bytes_.size() + wire.size());
  std::transform(wire.begin(), wire.end(), &bytes_[owner_at_], to_lower);
  return owner_at_;
}

void ZoneData::begin_rrset(RrType type, std::uint32_t ttl_s) {
  entries_.push_back({owner_at_, bytes_.size(), ttl_s, kNoPool, type, 0});
}

void ZoneData::add_rdata(std::span<const std::uint8_t> rdata) {
  bytes_.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  bytes_.push_back(static_cast<std::uint8_t>(rdata.size() & 0xff));
  bytes_.append(rdata);
  ++entries_.back().rdata_count;
}

void ZoneData::add_pool(std::string_view pool_name, std::uint32_t ttl_s) {
  auto pool = pool_index_.find(pool_name);
  if (pool == pool_index_.end()) {
    pool = pool_index_.emplace(pool_name, static_cast<std::uint32_t>(pools_.size())).first;
    pools_.emplace_back(pool_name);
  }
  entries_.push_back({owner_at_, bytes_.size(), ttl_s, pool->second, 0, 0});
}

std::span<const std::uint8_t> ZoneData::owner(std::uint64_t owner_at) const {
  std::size_t end = owner_at;
  while (bytes_[end] != 0) end += 1U + bytes_[end];
  return {&bytes_[owner_at], end + 1 - owner_at};
}

}  // namespace gslbd::zones
