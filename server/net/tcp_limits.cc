// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_limits.h"

#include <algorithm>
#include <bit>
#include <span>

namespace gslbd::server {
namespace {

constexpr std::size_t kPlacesPerConnection = 4;
// What remains of the patience when the table is full.
constexpr int kLeastShare = 20;
// More workers than this do not change one counter at the same instant, over and over.
constexpr int kAttempts = 64;

// A /64 is one network, of which one host can use every address.
std::span<const std::uint8_t> client_octets(const Address& client) {
  return client.bytes().first(client.is_v4() ? 4 : 8);
}

TcpOptions sane(TcpOptions o) {
  o.max_connections = std::clamp(o.max_connections, 1U, kMaxTcpConnections);
  o.max_connections_per_client = std::clamp(o.max_connections_per_client, 1U, kMaxTcpConnections);
  return o;
}

}  // namespace

TcpLimits::TcpLimits(const TcpOptions& options, const SipHashKey& key)
    : options_(sane(options)),
      key_(key),
      set_count_(
          std::bit_ceil(std::max<std::size_t>(1, options_.max_connections * kPlacesPerConnection / kWays))),
      sets_(std::make_unique<Set[]>(set_count_)) {}

// Two workers that bring a new client at the same instant may take two places for it, if a third place is
// given back between their looks; it then has its limit twice until one of the two is empty. No count is ever
// lost.
std::optional<TcpLimits::Place> TcpLimits::enter(const Address& client) noexcept {
  const std::uint64_t hash = sip_hash(key_, client_octets(client));
  const std::uint64_t tag = std::max(hash & ~kCountMask, kCountMask + 1);  // never that of a free place
  const std::size_t set = hash & (set_count_ - 1);
  auto& counters = sets_[set].counters;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::size_t way = kWays;
    std::uint64_t seen = 0;
    for (std::size_t w = 0; w < kWays; ++w) {
      const std::uint64_t value = counters[w].load(std::memory_order_relaxed);
      if ((value & ~kCountMask) == tag) {
        way = w;
        seen = value;
        break;
      }
      if (value == 0 && way == kWays) way = w;
    }
    if (way == kWays) return kUncounted;
    if ((seen & kCountMask) >= options_.max_connections_per_client) return std::nullopt;
    const std::uint64_t next = seen == 0 ? tag + 1 : seen + 1;
    if (counters[way].compare_exchange_strong(seen, next, std::memory_order_relaxed)) {
      return static_cast<Place>(set * kWays + way);
    }
  }
  return kUncounted;
}

void TcpLimits::leave(Place place) noexcept {
  if (place == kUncounted) return;
  auto& counter = sets_[place / kWays].counters[place % kWays];
  std::uint64_t value = counter.load(std::memory_order_relaxed);
  while (!counter.compare_exchange_weak(value, (value & kCountMask) == 1 ? 0 : value - 1,
                                        std::memory_order_relaxed)) {
  }
}

std::chrono::milliseconds TcpLimits::idle_timeout() const noexcept {
  const std::uint32_t most = options_.max_connections;
  const std::uint32_t others = std::min(std::max(open(), 1U), most) - 1;
  const std::uint32_t half = most / 2;
  if (others <= half) return options_.idle_timeout;
  const auto share = options_.idle_timeout * (most - others) / (most - half);
  return std::max<std::chrono::milliseconds>(share, options_.idle_timeout / kLeastShare);
}

std::uint16_t TcpLimits::keepalive() const noexcept {
  const std::uint64_t others = std::max(open(), 1U) - 1;
  if (others * 8 >= std::uint64_t{options_.max_connections} * 7) return 0;
  return static_cast<std::uint16_t>(std::min<std::int64_t>(idle_timeout().count() / 100, 0xffff));
}

}  // namespace gslbd::server
