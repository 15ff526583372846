// SPDX-License-Identifier: Apache-2.0
#include "tests/soak/hostile_packets.h"

#include <algorithm>

#include "tests/support/wire_name.h"

namespace gslbd::soak {
namespace {

constexpr std::size_t kHeader = 12;  // RFC 1035 §4.1.1

}  // namespace

std::vector<std::uint8_t> plain_query(std::uint16_t id, std::string_view name, std::uint16_t qtype) {
  std::vector<std::uint8_t> out{static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
  out.insert(out.end(), {0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  const auto wire = test::plain_wire_name(name);
  out.insert(out.end(), wire.begin(), wire.end());
  out.insert(out.end(), {static_cast<std::uint8_t>(qtype >> 8), static_cast<std::uint8_t>(qtype), 0, 1});
  return out;
}

HostilePackets::HostilePackets(std::uint64_t seed, const std::vector<std::string_view>& names)
    : random_(seed) {
  for (const auto name : names) names_.push_back(test::plain_wire_name(name));
  packet_.reserve(kMaxPacket);
}

std::span<const std::uint8_t> HostilePackets::next() {
  using Kind = void (HostilePackets::*)();
  static constexpr std::array<Kind, 12> kKinds = {&HostilePackets::question,
                                                  &HostilePackets::mutate,
                                                  &HostilePackets::mutate,
                                                  &HostilePackets::truncate,
                                                  &HostilePackets::garbage,
                                                  &HostilePackets::compression_loop,
                                                  &HostilePackets::odd_header,
                                                  &HostilePackets::huge_counts,
                                                  &HostilePackets::edns_garbage,
                                                  &HostilePackets::name_at_the_limit,
                                                  &HostilePackets::records_in_the_way,
                                                  &HostilePackets::below_a_name};
  packet_.clear();
  (this->*kKinds[random_.below(kKinds.size())])();
  if (packet_.size() > kMaxPacket) packet_.resize(kMaxPacket);
  return packet_;
}

void HostilePackets::put16(std::uint32_t value) {
  packet_.push_back(static_cast<std::uint8_t>(value >> 8));
  packet_.push_back(static_cast<std::uint8_t>(value));
}

void HostilePackets::set16(std::size_t at, std::uint32_t value) {
  packet_[at] = static_cast<std::uint8_t>(value >> 8);
  packet_[at + 1] = static_cast<std::uint8_t>(value);
}

void HostilePackets::put_random(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) packet_.push_back(octet());
}

// A name of ours, any type, a class that is mostly IN, every other time an OPT: well-formed.
void HostilePackets::question() {
  const auto& name = names_[random_.below(static_cast<std::uint32_t>(names_.size()))];
  const bool edns = random_.below(2) == 0;
  put16(random_.below(65536));
  put16(0);
  put16(1);
  put16(0);
  put16(0);
  put16(edns ? 1 : 0);
  packet_.insert(packet_.end(), name.begin(), name.end());
  put16(random_.below(8) == 0 ? random_.below(65536) : random_.below(260));
  put16(random_.below(8) == 0 ? random_.below(65536) : 1);
  if (!edns) return;
  packet_.push_back(0);
  put16(41);
  put16(random_.below(65536));
  put16(0);
  put16(random_.below(2) << 15);
  put16(0);
}

void HostilePackets::mutate() {
  question();
  for (std::uint32_t n = 1 + random_.below(6); n > 0; --n) {
    packet_[random_.below(static_cast<std::uint32_t>(packet_.size()))] = octet();
  }
}

void HostilePackets::truncate() {
  question();
  packet_.resize(random_.below(static_cast<std::uint32_t>(packet_.size())));
}

void HostilePackets::garbage() {
  // Mostly short: the time goes into the server, not into making octets. Some exceed what it takes.
  put_random(random_.below(200) == 0 ? kMaxPacket : random_.below(120));
}

// Pointers to themselves, forward, to each other, into the header, past the end (RFC 1035 §4.1.4).
void HostilePackets::compression_loop() {
  question();
  packet_.resize(kHeader);
  const std::uint32_t labels = random_.below(4);
  for (std::uint32_t i = 0; i < labels; ++i) {
    packet_.push_back(1);
    packet_.push_back('a');
  }
  const auto here = static_cast<std::uint32_t>(packet_.size());
  const std::array<std::uint32_t, 5> targets = {here, here + 2, kHeader, random_.below(kHeader), 0x3fff};
  put16(0xc000 | targets[random_.below(targets.size())]);
  put16(0xc000 | here);
  put16(1);
  put16(1);
}

void HostilePackets::odd_header() {
  question();
  set16(2, random_.below(65536));  // every opcode, response bits, reserved bits
}

void HostilePackets::huge_counts() {
  question();
  for (std::size_t at = 4; at < kHeader; at += 2) {
    if (random_.below(2) == 0) set16(at, random_.below(3) == 0 ? 0xffff : random_.below(65536));
  }
}

// Options whose lengths lie, of codes that mean something and of others; sometimes two OPTs (RFC 6891).
void HostilePackets::edns_garbage() {
  question();
  const std::uint32_t opts = random_.below(4) == 0 ? 2 : 1;
  set16(10, opts + packet_[11]);
  for (std::uint32_t i = 0; i < opts; ++i) {
    packet_.push_back(0);
    put16(41);
    put16(random_.below(65536));
    put16(random_.below(4) == 0 ? random_.below(65536) : 0);
    put16(random_.below(65536));
    const std::size_t length_at = packet_.size();
    put16(0);
    for (std::uint32_t n = random_.below(6); n > 0; --n) {
      const std::uint32_t length = random_.below(40);
      put16(random_.below(4) == 0 ? random_.below(65536) : random_.below(22));
      put16(random_.below(4) == 0 ? random_.below(65536) : length);
      put_random(length);
    }
    const auto length = static_cast<std::uint32_t>(packet_.size() - length_at - 2);
    set16(length_at, random_.below(8) == 0 ? random_.below(65536) : length);
  }
}

// 255 octets and one more, 63 octets a label and one more, 127 labels.
void HostilePackets::name_at_the_limit() {
  question();
  packet_.resize(kHeader);
  const std::uint32_t label = random_.below(2) == 0 ? 1 : 60 + random_.below(6);
  const std::size_t wanted = kHeader + 250 + random_.below(8);
  while (packet_.size() + label + 1 < wanted) {
    packet_.push_back(static_cast<std::uint8_t>(label));
    put_random(label);
  }
  const auto& name = names_[random_.below(static_cast<std::uint32_t>(names_.size()))];
  if (random_.below(2) == 0) packet_.resize(std::max(kHeader, wanted - std::min(wanted, name.size())));
  packet_.insert(packet_.end(), name.begin(), name.end());
  put16(1);
  put16(1);
}

// A query has no records but the OPT: some with lengths that lead out of the packet.
void HostilePackets::records_in_the_way() {
  question();
  set16(6 + 2 * std::size_t{random_.below(3)}, 1 + random_.below(3));
  for (std::uint32_t n = random_.below(4); n > 0; --n) {
    put16(random_.below(2) == 0 ? 0xc00c : random_.below(65536));
    put16(random_.below(300));
    put16(1);
    put_random(4);
    const std::uint32_t length = random_.below(30);
    put16(random_.below(4) == 0 ? random_.below(65536) : length);
    put_random(length);
  }
}

// Names that nobody asked before: no cache helps.
void HostilePackets::below_a_name() {
  question();
  const std::uint32_t length = 1 + random_.below(20);
  std::array<std::uint8_t, 24> label{};
  label[0] = static_cast<std::uint8_t>(length);
  for (std::uint32_t i = 1; i <= length; ++i) label[i] = static_cast<std::uint8_t>('a' + random_.below(26));
  packet_.insert(packet_.begin() + kHeader, label.begin(), label.begin() + 1 + length);
}

}  // namespace gslbd::soak
