// SPDX-License-Identifier: Apache-2.0
#pragma once
// HostilePackets: queries as nobody sane sends them, one after the other from a seed. A third of them are
// well-formed questions with odd types, names or options: what gets past a parser should be hostile too.
//
// Thread: one at a time. The same seed gives the same packets.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/random.h"

namespace gslbd::soak {

inline constexpr std::size_t kMaxPacket = 5000;  // longer than any query the server takes

/// A plain question: header, name, type, class; the name in presentation format without escapes.
std::vector<std::uint8_t> plain_query(std::uint16_t id, std::string_view name, std::uint16_t qtype);

class HostilePackets {
 public:
  /// `names` exist in the server's zones, more or less.
  HostilePackets(std::uint64_t seed, const std::vector<std::string_view>& names);

  /// The next packet; valid until the call after.
  std::span<const std::uint8_t> next();

 private:
  void question();
  void mutate();
  void truncate();
  void garbage();
  void compression_loop();
  void odd_header();
  void huge_counts();
  void edns_garbage();
  void name_at_the_limit();
  void records_in_the_way();
  void below_a_name();

  void put16(std::uint32_t value);
  void put_random(std::size_t count);
  void set16(std::size_t at, std::uint32_t value);
  std::uint8_t octet() { return static_cast<std::uint8_t>(random_.next()); }

  Random random_;
  std::vector<std::vector<std::uint8_t>> names_;  // wire form
  std::vector<std::uint8_t> packet_;
};

}  // namespace gslbd::soak
