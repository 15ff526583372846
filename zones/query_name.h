// SPDX-License-Identifier: Apache-2.0
#pragma once
// QueryName: a name prepared for lookup. Lower case, with the place of every label and the hash of every
// suffix, so that finding the zone, the name, and its closest encloser each cost one probe and no further
// hashing.
//
// Thread: values, large (1.4 KB): kept in a worker's scratch, not copied on the query path.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/octets.h"
#include "zones/name.h"

namespace gslbd::zones {

namespace detail {

__extension__ using Uint128 = unsigned __int128;

/// By number: what keeps so many octets of eight, and clears those behind them.
inline constexpr auto kFirstOctets = [] {
  std::array<std::array<std::uint8_t, 8>, 8> octets{};
  std::array<std::uint64_t, 8> masks{};
  for (std::size_t n = 0; n < masks.size(); ++n) {
    std::fill_n(octets[n].begin(), n, std::uint8_t{0xff});
    masks[n] = std::bit_cast<std::uint64_t>(octets[n]);
  }
  return masks;
}();

/// Folds one label (its length octet and its bytes) into the hash of the labels right of it. Reads up to 7
/// octets past the label, which the caller's buffer must have.
inline std::uint64_t fold_label(std::uint64_t hash, const std::uint8_t* label) {
  constexpr std::uint64_t kFactor = 0x9fb21c651e98df25U;  // an odd number of random bits
  std::size_t left = std::size_t{label[0]} + 1;
  for (;; label += 8, left -= 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, label, 8);
    if (left < 8) chunk &= kFirstOctets[left];
    const auto product = static_cast<Uint128>(hash ^ chunk) * kFactor;
    hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    if (left <= 8) return hash + left;
  }
}

inline constexpr std::uint64_t kRootHash = 0x2545f4914f6cdd1dU;

/// to_lower() of each octet. A label's length octet is below 'A' and stays.
inline Octets16 to_lower(Octets16 octets) {
  const auto letters = (octets - 'A') < Octets16{} + 26;  // wraps around below 'A'
  return octets | (reinterpret_cast<Octets16>(letters) & 0x20);
}

}  // namespace detail

class QueryName {
 public:
  QueryName() = default;
  explicit QueryName(const Name& name) { assign(name.wire()); }

  /// Reads the uncompressed name at the start of `wire` (a question's, RFC 1035 §4.1.2). Returns its length
  /// in octets, or 0 when it is malformed: it runs past the end, is longer than 255, or holds a pointer.
  std::size_t assign(std::span<const std::uint8_t> wire) {
    if (!find_labels(wire)) return 0;
    copy_octets(wire_.data(), wire.data(), length_);
    lower_from(wire_.data());
    hash();
    return length_;
  }
  /// The same, for a buffer that goes on for kAhead octets behind `wire`, whatever they are; but there are no
  /// hashes before one of the two below was called.
  std::size_t read_ahead(std::span<const std::uint8_t> wire) {
    if (!find_labels(wire)) return 0;
    lower_from(wire.data());
    return length_;
  }
  static constexpr std::size_t kAhead = sizeof(Octets16) - 1;

  /// All of them.
  void hash() { hash_above(0, detail::kRootHash); }
  /// Those of the suffixes of `labels` labels and more, where that of the shortest is known.
  void hash_above(std::size_t labels, std::uint64_t hash) {
    std::size_t i = labels_ - labels;
    suffix_hash_[i] = hash;
    while (i-- > 0) suffix_hash_[i] = hash = detail::fold_label(hash, &wire_[label_at_[i]]);
  }

  std::size_t length() const { return length_; }
  std::size_t label_count() const { return labels_; }
  /// The lower-case wire form.
  std::span<const std::uint8_t> wire() const { return {wire_.data(), length_}; }
  /// What remains when the `n` leftmost labels are gone; n at most label_count().
  std::span<const std::uint8_t> suffix(std::size_t n) const { return wire().subspan(label_at_[n]); }
  /// Octets left of the last `labels` labels; at most label_count().
  std::size_t length_above(std::size_t labels) const { return label_at_[labels_ - labels]; }
  /// True when the last `labels` labels are `apex`, which has as many and is lower case.
  bool ends_in(std::span<const std::uint8_t> apex, std::size_t labels) const {
    if (labels > labels_) return false;
    const std::size_t at = length_above(labels);
    return length_ - at == apex.size() && equal_octets(&wire_[at], apex.data(), apex.size());
  }
  std::uint64_t suffix_hash(std::size_t n) const { return suffix_hash_[n]; }
  /// The hash of "*." before suffix(n) (RFC 4592's source of synthesis).
  std::uint64_t wildcard_hash(std::size_t n) const {
    constexpr std::array<std::uint8_t, 16> kStar{1, '*'};
    return detail::fold_label(suffix_hash_[n], kStar.data());
  }

 private:
  // Walks from length octet to length octet. False: malformed.
  bool find_labels(std::span<const std::uint8_t> wire) {
    const std::size_t end = std::min(wire.size(), kMaxNameLength);
    std::size_t at = 0;
    std::size_t labels = 0;
    for (;; ++labels) {
      if (at >= end) return false;
      const std::size_t n = wire[at];
      label_at_[labels] = static_cast<std::uint8_t>(at);
      if (n - 1 >= kMaxLabelLength) {
        if (n != 0) return false;
        break;
      }
      at += n + 1;
    }
    length_ = at + 1;
    labels_ = labels;
    return true;
  }
  // Reads and writes whole vectors.
  void lower_from(const std::uint8_t* from) {
    const std::size_t length = length_;
    for (std::size_t i = 0; i < length; i += sizeof(Octets16)) {
      Octets16 octets;
      std::memcpy(&octets, from + i, sizeof octets);
      octets = detail::to_lower(octets);
      std::memcpy(wire_.data() + i, &octets, sizeof octets);
    }
  }

  std::size_t length_ = 0;
  std::size_t labels_ = 0;
  std::array<std::uint8_t, kMaxLabels + 1> label_at_{};
  // Room for whole vectors; and fold_label reads up to 7 octets past the last label.
  alignas(16) std::array<std::uint8_t, kMaxNameLength + 1 + 16> wire_{};
  std::array<std::uint64_t, kMaxLabels + 1> suffix_hash_{};
};

}  // namespace gslbd::zones
