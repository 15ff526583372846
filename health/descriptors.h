// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many descriptors this process may have. Probes, held connections and idle ones share them with the
// clients: nobody takes more than a part.
//
// Thread: any.

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>

namespace gslbd::health {

inline std::size_t descriptor_limit() {
  constexpr std::size_t kPlenty = 131'072;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kPlenty;
  return std::min<std::size_t>(limit.rlim_cur, kPlenty);
}

}  // namespace gslbd::health
