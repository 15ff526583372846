// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which worlds a test lives through. Everybody's are the same, from seed 1 on; continuous integration (CI is
// set) has many more of them, and as many again that were never seen before: those of the day. Any of them
// comes again with GSLBD_SEED=<seed>, and those of a day with GSLBD_SEED_DAY=<days since 1970>.
//
// Thread: any.

#include <cstdint>
#include <vector>

namespace gslbd::health::sim {

/// Worlds of one kind.
struct HowMany {
  std::uint64_t here;   ///< on a developer's machine
  std::uint64_t in_ci;  ///< half of them those of the day
};

/// Under sanitizers, which make a world many times slower, a twentieth of those here, in any place.
std::vector<std::uint64_t> seeds(HowMany how_many);

/// Set when one world alone was asked for (GSLBD_SEED): sums over many mean nothing then.
bool one_world_only();

/// Worlds are this many times fewer, or shorter, in this build.
std::uint64_t fewer();

/// A number from the environment.
std::uint64_t number_from(const char* name, std::uint64_t fallback);

}  // namespace gslbd::health::sim
