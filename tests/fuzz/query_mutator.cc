// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/query_mutator.h"

#include <algorithm>
#include <array>

#include "tests/support/wire_name.h"

namespace gslbd::fuzz {
namespace {

constexpr std::size_t kHeader = 12;

void put16(std::vector<std::uint8_t>& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void set16(std::vector<std::uint8_t>& out, std::size_t at, unsigned value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

unsigned get16(const std::vector<std::uint8_t>& from, std::size_t at) {
  return static_cast<unsigned>(from[at] << 8 | from[at + 1]);
}

}  // namespace

void QueryMutator::mutate(Packet& packet) {
  if (packet.size() < kHeader + 5 || question_end(packet) == 0) {
    packet.assign({0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1});
  }
  switch (random_.below(8)) {
    case 0:
    case 1:
      return another_name(packet);
    case 2:
      return another_type(packet);
    case 3:
      return another_header(packet);
    case 4:
    case 5:
      return add_option(packet);
    case 6:
      return add_record(packet);
    default:
      return without_records(packet);
  }
}

// Behind the question; 0 when it cannot be read.
std::size_t QueryMutator::question_end(const Packet& packet) const {
  for (std::size_t at = kHeader; at < packet.size(); at += packet[at] + 1U) {
    if (packet[at] == 0) return at + 5 <= packet.size() ? at + 5 : 0;
    if (packet[at] > 63) return 0;
  }
  return 0;
}

void QueryMutator::another_name(Packet& packet) {
  Packet name = test::plain_wire_name(names_[random_.below(static_cast<std::uint32_t>(names_.size()))]);
  for (std::uint32_t labels = random_.below(3); labels > 0; --labels) {
    const std::uint32_t length = random_.below(8) == 0 ? 63 : 1 + random_.below(4);
    Packet label{static_cast<std::uint8_t>(length)};
    for (std::uint32_t i = 0; i < length; ++i)
      label.push_back(static_cast<std::uint8_t>('a' + random_.below(4)));
    name.insert(name.begin(), label.begin(), label.end());
  }
  const auto end = packet.begin() + static_cast<std::ptrdiff_t>(question_end(packet) - 4);
  packet.erase(packet.begin() + kHeader, end);
  packet.insert(packet.begin() + kHeader, name.begin(), name.end());
}

void QueryMutator::another_type(Packet& packet) {
  static constexpr std::array<unsigned, 30> kTypes = {1,  2,   5,   6,   12,  15,  16,  17,  18,  28,
                                                      33, 35,  36,  39,  41,  43,  44,  52,  64,  65,
                                                      99, 128, 249, 250, 251, 252, 253, 255, 257, 65280};
  static constexpr std::array<unsigned, 5> kClasses = {1, 1, 3, 254, 255};
  const std::size_t end = question_end(packet);
  set16(packet, end - 4, kTypes[random_.below(kTypes.size())]);
  set16(packet, end - 2, kClasses[random_.below(kClasses.size())]);
}

void QueryMutator::another_header(Packet& packet) {
  static constexpr std::array<unsigned, 8> kFlags = {0,      0x0100, 0x0110, 0x0020,
                                                     0x2800, 0x1000, 0x7800, 0x8000};
  set16(packet, 2, kFlags[random_.below(kFlags.size())]);
}

void QueryMutator::without_records(Packet& packet) {
  packet.resize(question_end(packet));
  std::fill(packet.begin() + 6, packet.begin() + 12, std::uint8_t{0});
  set16(packet, 4, 1);
}

// What such an option carries in a query, mostly.
QueryMutator::Packet QueryMutator::option_data(std::uint16_t code) {
  Packet data;
  if (random_.below(8) == 0) {
    for (std::uint32_t n = random_.below(24); n > 0; --n) data.push_back(octet());
  } else if (code == 10) {
    data.assign(random_.below(3) == 0 ? 24 : 8, 0x5a);
    if (data.size() == 24) data[8] = 1;
  } else if (code == 8) {
    const bool v6 = random_.below(2) == 0;
    const std::uint32_t bits = 8 * random_.below(v6 ? 17 : 5);
    data = {0, static_cast<std::uint8_t>(v6 ? 2 : 1), static_cast<std::uint8_t>(bits), 0};
    for (std::uint32_t i = 0; i < bits / 8; ++i) data.push_back(octet());
  } else if (code == 12) {
    data.assign(random_.below(64), 0);
  }
  return data;
}

// Into the OPT that ends the packet, or with a new one.
void QueryMutator::add_option(Packet& packet) {
  static constexpr std::array<std::uint16_t, 10> kCodes = {3, 8, 10, 10, 11, 12, 15, 18, 19, 65001};
  static constexpr std::array<unsigned, 6> kPayloads = {0, 512, 600, 1232, 4096, 65535};
  const std::size_t end = question_end(packet);
  const bool has_opt = packet.size() >= end + 11 && packet[end] == 0 && get16(packet, end + 1) == 41 &&
                       get16(packet, end + 9) == packet.size() - end - 11;
  if (!has_opt) {
    without_records(packet);
    set16(packet, 10, 1);
    packet.push_back(0);
    put16(packet, 41);
    put16(packet, kPayloads[random_.below(kPayloads.size())]);
    put16(packet, random_.below(16) == 0 ? 1 : 0);  // version
    put16(packet, random_.below(2) << 15);
    put16(packet, 0);
  }
  const std::uint16_t code = kCodes[random_.below(kCodes.size())];
  const Packet data = option_data(code);
  put16(packet, code);
  put16(packet, static_cast<unsigned>(data.size()));
  packet.insert(packet.end(), data.begin(), data.end());
  set16(packet, question_end(packet) + 9, static_cast<unsigned>(packet.size() - question_end(packet) - 11));
}

// A record that a query has no use for, in any section.
void QueryMutator::add_record(Packet& packet) {
  const std::size_t section = 6 + 2 * std::size_t{random_.below(3)};
  set16(packet, section, get16(packet, section) + 1);
  Packet record;
  put16(record, 0xc00c);
  put16(record, random_.below(4) == 0 ? 250 : 1);
  put16(record, 1);
  put16(record, 0);
  put16(record, 60);
  put16(record, 4);
  put16(record, 0xc000);
  put16(record, 0x0201);
  const auto at = packet.begin() + static_cast<std::ptrdiff_t>(question_end(packet));
  packet.insert(at, record.begin(), record.end());
}

}  // namespace gslbd::fuzz
