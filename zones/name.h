// SPDX-License-Identifier: Apache-2.0
#pragma once
// Name: a domain name in wire form, uncompressed (RFC 1035 §3.1), at most 255 octets, labels of at most 63.
// Comparison and hashing ignore the case of ASCII letters (RFC 4343); the bytes keep the case they came with.
//
// Thread: values; no shared state.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gslbd::zones {

inline constexpr std::size_t kMaxNameLength = 255;  // RFC 1035 §2.3.4
inline constexpr std::size_t kMaxLabelLength = 63;
inline constexpr std::size_t kMaxLabels = 127;  // without the root: (255 - 1) / 2

class Name {
 public:
  Name() { wire_[0] = 0; }  ///< the root

  /// Presentation format (RFC 1035 §5.1: "\\." and "\\DDD" escapes). A name without a final dot is completed
  /// with `origin`; "@" alone is the origin. Errors quote the text: label too long, name too long, empty
  /// label, ...
  static Result<Name> parse(std::string_view text, const Name& origin);
  static Result<Name> parse(std::string_view text) { return parse(text, Name()); }

  /// From wire form without compression; an error when it is malformed or not exactly one name.
  static Result<Name> from_wire(std::span<const std::uint8_t> wire);

  std::span<const std::uint8_t> wire() const { return {wire_.data(), length_}; }
  std::size_t length() const { return length_; }
  bool is_root() const { return length_ == 1; }
  /// Without the root label: "www.example.com." has 3.
  std::size_t label_count() const;
  bool is_wildcard() const { return length_ > 2 && wire_[0] == 1 && wire_[1] == '*'; }

  /// The name without its `n` leftmost labels; `n` at most label_count().
  Name without_labels(std::size_t n) const;
  Name parent() const { return without_labels(1); }
  Name lowercased() const;
  /// True for the name itself too.
  bool is_within(const Name& ancestor) const;

  /// "www.example.com." with the escapes that parse() reads.
  std::string to_string() const;
  /// Relative to `origin` as a zone file writes it: "www", "@"; the full name when it is not within.
  std::string relative_to(const Name& origin) const;

  bool operator==(const Name& other) const;  ///< ignores case
  /// Canonical order (RFC 4034 §6.1): by labels from the right, ignoring case.
  std::strong_ordering operator<=>(const Name& other) const;

 private:
  std::uint8_t length_ = 1;
  std::array<std::uint8_t, kMaxNameLength> wire_;
};

/// ASCII lower case of one octet; locale has no say (RFC 4343).
constexpr std::uint8_t to_lower(std::uint8_t c) {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + ('a' - 'A')) : c;
}

}  // namespace gslbd::zones
