// SPDX-License-Identifier: Apache-2.0
#pragma once
// Address prefixes ("192.0.2.0/24"), and a map from prefixes to values that answers by the longest match.
//
// PrefixMap lays the prefixes out as the ranges of addresses between their ends, each with the value of the
// longest prefix that covers it: a lookup is one binary search, however the prefixes are nested.
//
// Thread: values; a filled PrefixMap is immutable and may be read by any thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/result.h"

namespace gslbd {

/// Bits beyond the length are zero.
class Prefix {
 public:
  Prefix() = default;  ///< 0.0.0.0/0
  /// `length` at most 32 or 128; bits of `address` beyond it are cleared.
  Prefix(const Address& address, std::uint8_t length);

  /// "192.0.2.0/24", "2001:db8::/32", or one address. Bits set beyond the length are an error: they tell that
  /// something else was meant.
  static Result<Prefix> parse(std::string_view text);

  const Address& first() const { return address_; }
  Address last() const;
  std::uint8_t length() const { return length_; }
  bool contains(const Address& a) const;
  std::string to_string() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  Address address_;
  std::uint8_t length_ = 0;
};

template <class Value>
class PrefixMap {
 public:
  PrefixMap() = default;
  /// Of equal prefixes the last one counts.
  explicit PrefixMap(std::vector<std::pair<Prefix, Value>> entries) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // Sorted so, what covers a prefix stands before it: a stack holds those that are open.
    std::vector<std::pair<Prefix, Value>> open;
    const auto close_until = [&](const Prefix* next) {
      while (!open.empty() && (next == nullptr || !open.back().first.contains(next->first()))) {
        const Prefix done = open.back().first;
        open.pop_back();
        const auto after = successor(done.last());
        if (after) put(*after, open.empty() ? std::nullopt : std::optional(open.back().second));
      }
    };
    for (auto& entry : entries) {
      close_until(&entry.first);
      put(entry.first.first(), entry.second);
      open.push_back(std::move(entry));
    }
    close_until(nullptr);
  }

  bool empty() const { return ranges_[0].empty() && ranges_[1].empty(); }

  /// The value of the longest prefix that covers `a`; null when none does.
  const Value* find(const Address& a) const noexcept {
    const auto& ranges = ranges_[a.is_v4() ? 0 : 1];
    auto after = std::upper_bound(ranges.begin(), ranges.end(), a,
                                  [](const Address& x, const Range& r) { return x < r.first; });
    if (after == ranges.begin()) return nullptr;
    const auto& value = std::prev(after)->value;
    return value ? &*value : nullptr;
  }

 private:
  struct Range {
    Address first;
    std::optional<Value> value;
  };

  static std::optional<Address> successor(const Address& a) {
    std::array<std::uint8_t, 16> bytes{};
    std::copy(a.bytes().begin(), a.bytes().end(), bytes.begin());
    for (std::size_t i = a.size(); i-- > 0;) {
      if (++bytes[i] != 0) {
        return a.is_v4() ? Address::from_v4(std::span<const std::uint8_t>(bytes).first<4>())
                         : Address::from_v6(std::span<const std::uint8_t, 16>(bytes));
      }
    }
    return std::nullopt;  // the last address of all
  }

  void put(const Address& first, std::optional<Value> value) {
    auto& ranges = ranges_[first.is_v4() ? 0 : 1];
    if (!ranges.empty() && ranges.back().first == first) {
      ranges.back().value = std::move(value);
    } else {
      ranges.push_back({first, std::move(value)});
    }
  }

  std::array<std::vector<Range>, 2> ranges_;  ///< IPv4, IPv6; sorted; each ends where the next begins
};

/// A set of prefixes.
class PrefixSet {
 public:
  PrefixSet() = default;
  explicit PrefixSet(const std::vector<Prefix>& prefixes) : map_(entries(prefixes)) {}
  bool empty() const { return map_.empty(); }
  bool contains(const Address& a) const noexcept { return map_.find(a) != nullptr; }

 private:
  static std::vector<std::pair<Prefix, bool>> entries(const std::vector<Prefix>& prefixes) {
    std::vector<std::pair<Prefix, bool>> out;
    for (const Prefix& p : prefixes) out.emplace_back(p, true);
    return out;
  }
  PrefixMap<bool> map_;
};

}  // namespace gslbd
