// SPDX-License-Identifier: Apache-2.0
#pragma once
// QueryName: a name prepared for lookup. Lower case, with the place of every label and the hash of every
// suffix, so that finding the zone, the name, and its closest encloser each cost one probe and no further
// hashing.
//
// Thread: values, large (1.4 KB): kept in a worker's scratch, not copied on the query path.

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "zones/name.h"

namespace gslbd::zones {

namespace detail {

__extension__ using Uint128 = unsigned __int128;

/// Folds one label (its length octet and its bytes) into the hash of the labels right of it. Reads up to 7
/// octets past the label, which the caller's buffer must have.
inline std::uint64_t fold_label(std::uint64_t hash, const std::uint8_t* label) {
  constexpr std::uint64_t kFactor = 0x9fb21c651e98df25U;  // an odd number of random bits
  std::size_t left = std::size_t{label[0]} + 1;
  for (;; label += 8, left -= 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, label, 8);
    if (left < 8) chunk &= (std::uint64_t{1} << (8 * left)) - 1;
    const auto product = static_cast<Uint128>(hash ^ chunk) * kFactor;
    hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    if (left <= 8) return hash + left;
  }
}

inline constexpr std::uint64_t kRootHash = 0x2545f4914f6cdd1dU;

}  // namespace detail

class QueryName {
 public:
  QueryName() = default;
  explicit QueryName(const Name& name) { assign(name.wire()); }

  /// Reads the uncompressed name at the start of `wire` (a question's, RFC 1035 §4.1.2). Returns its length
  /// in octets, or 0 when it is malformed: it runs past the end, is longer than 255, or holds a pointer.
  std::size_t assign(std::span<const std::uint8_t> wire) {
    std::size_t at = 0;
    std::size_t labels = 0;
    for (;;) {
      if (at >= wire.size()) return 0;
      const std::size_t n = wire[at];
      if (n == 0) break;
      if (n > kMaxLabelLength || at + n + 2 > kMaxNameLength || at + n + 1 >= wire.size()) return 0;
      label_at_[labels++] = static_cast<std::uint8_t>(at);
      wire_[at] = static_cast<std::uint8_t>(n);
      for (std::size_t i = at + 1; i <= at + n; ++i) wire_[i] = to_lower(wire[i]);
      at += n + 1;
    }
    wire_[at] = 0;
    label_at_[labels] = static_cast<std::uint8_t>(at);
    length_ = at + 1;
    labels_ = labels;
    std::uint64_t hash = detail::kRootHash;
    suffix_hash_[labels] = hash;
    while (labels-- > 0) suffix_hash_[labels] = hash = detail::fold_label(hash, &wire_[label_at_[labels]]);
    return length_;
  }

  std::size_t length() const { return length_; }
  std::size_t label_count() const { return labels_; }
  /// The lower-case wire form.
  std::span<const std::uint8_t> wire() const { return {wire_.data(), length_}; }
  /// What remains when the `n` leftmost labels are gone; n at most label_count().
  std::span<const std::uint8_t> suffix(std::size_t n) const { return wire().subspan(label_at_[n]); }
  std::uint64_t suffix_hash(std::size_t n) const { return suffix_hash_[n]; }
  /// The hash of "*." before suffix(n) (RFC 4592's source of synthesis).
  std::uint64_t wildcard_hash(std::size_t n) const {
    constexpr std::array<std::uint8_t, 16> kStar{1, '*'};
    return detail::fold_label(suffix_hash_[n], kStar.data());
  }

 private:
  std::size_t length_ = 0;
  std::size_t labels_ = 0;
  std::array<std::uint8_t, kMaxNameLength + 8> wire_{};  // fold_label reads past the end
  std::array<std::uint8_t, kMaxLabels + 1> label_at_{};
  std::array<std::uint64_t, kMaxLabels + 1> suffix_hash_{};
};

}  // namespace gslbd::zones
