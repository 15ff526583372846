// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the engine itself is doing: what an operator must know before he believes a verdict.
//
// Thread: values; any.

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/time.h"

namespace gslbd::health {

/// Upper bounds of the buckets in which the lateness of probes is counted; the last bucket (+Inf) is implied.
inline constexpr std::array<Duration, 8> kLatenessBounds{
    std::chrono::milliseconds(1),   std::chrono::milliseconds(2),   std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),  std::chrono::milliseconds(25),  std::chrono::milliseconds(50),
    std::chrono::milliseconds(100), std::chrono::milliseconds(1000)};

struct EngineStats {
  std::size_t targets = 0;
  std::size_t in_flight = 0;
  std::size_t doubted = 0;              ///< silent targets whose death is not yet credible
  bool isolated = false;                ///< this prober is cut off: verdicts are frozen
  std::array<bool, 2> isolated_from{};  ///< the same for IPv4 and IPv6
  WallTime isolated_since{};
  bool starved = false;  ///< probes have lately failed for want of local resources
  std::uint64_t isolations = 0;
  std::uint64_t stale = 0;       ///< verdicts that became unknown by age
  std::uint64_t holds_lost = 0;  ///< held connections that broke
  std::array<std::uint64_t, kLatenessBounds.size() + 1>
      lateness_buckets{};  ///< start of a probe after it was due
  Duration lateness_sum{0};
};

}  // namespace gslbd::health
