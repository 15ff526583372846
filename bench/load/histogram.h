// SPDX-License-Identifier: Apache-2.0
#pragma once
// Histogram: how long millions of things took, in two kilobytes and without an allocation each. Every power
// of two is cut into 64 equal parts, so that a percentile is at most 1.6 % too high; it is never too low.
//
// Thread: one.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace gslbd::bench {

class Histogram {
 public:
  /// `value` in any unit; negative ones count as 0, those beyond the range as the longest.
  void add(std::int64_t value) {
    const auto clean = static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, kLongest));
    ++counts_[part_of(clean)];
    ++total_;
    highest_ = std::max(highest_, clean);
  }

  std::uint64_t total() const { return total_; }
  std::uint64_t highest() const { return highest_; }

  /// The smallest value of a part's end that `share` (0 to 1) of all do not exceed; 0 when there are none.
  std::uint64_t percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (std::size_t part = 0; part < counts_.size(); ++part) {
      seen += counts_[part];
      if (seen != 0 && seen >= wanted) return std::min(last_of(part), highest_);
    }
    return 0;
  }

 private:
  static constexpr unsigned kPartBits = 6;
  static constexpr std::int64_t kLongest = (std::int64_t{1} << 40) - 1;  // 18 minutes, in nanoseconds

  // Values below 128 have a part of their own each; above, the six bits after the highest one tell the part.
  static std::size_t part_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kPartBits + 1 ? width - kPartBits - 1 : 0;
    return (std::size_t{shift} << kPartBits) + (value >> shift);
  }

  static std::uint64_t last_of(std::size_t part) {
    if (part < (std::size_t{2} << kPartBits)) return part;
    const std::size_t shift = (part >> kPartBits) - 1;
    const std::uint64_t first = part - (shift << kPartBits);
    return ((first + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(part_of(std::uint64_t{kLongest}) + 1);
  std::uint64_t total_ = 0;
  std::uint64_t highest_ = 0;
};

}  // namespace gslbd::bench
