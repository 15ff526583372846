// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small, fast, seedable generator (splitmix64). Not for secrets. The same seed gives the same sequence on
// every machine, which is what replayable simulations and property tests need.
//
// Thread: one thread per object.

#include <cstdint>

namespace gslbd {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, bound); 0 when bound is 0. Multiply-shift: the bias is below 2^-32 for our bounds.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace gslbd
