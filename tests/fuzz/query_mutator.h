// SPDX-License-Identifier: Apache-2.0
#pragma once
// Changes to a query that keep it a query, for libFuzzer: random octets alone hardly ever get past the
// parser. One change at a time: another name, type, class, header, option.
//
// Thread: one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/random.h"

namespace gslbd::fuzz {

class QueryMutator {
 public:
  /// `names` are worth asking for.
  QueryMutator(std::span<const std::string_view> names, std::uint64_t seed) : names_(names), random_(seed) {}

  /// Changes `packet`, whatever it is, in one way.
  void mutate(std::vector<std::uint8_t>& packet);

 private:
  using Packet = std::vector<std::uint8_t>;

  void another_name(Packet& packet);
  void another_type(Packet& packet);
  void another_header(Packet& packet);
  void add_option(Packet& packet);
  void without_records(Packet& packet);
  void add_record(Packet& packet);
  Packet option_data(std::uint16_t code);
  std::size_t question_end(const Packet& packet) const;
  std::uint8_t octet() { return static_cast<std::uint8_t>(random_.next()); }

  std::span<const std::string_view> names_;
  Random random_;
};

}  // namespace gslbd::fuzz
