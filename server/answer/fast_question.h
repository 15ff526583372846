// SPDX-License-Identifier: Apache-2.0
#pragma once
// FastQuestion: the shape that nearly every query has, told apart at a glance: one question of class IN, for
// a type with records, behind it nothing or an OPT. What has another shape is for parse_query(), which knows
// them all; read() never says yes where that would read the packet in another way.
//
// Thread: a worker's scratch. No allocation, no exceptions; every octet may be hostile.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "server/answer/message.h"
#include "server/query_handler.h"
#include "zones/node.h"
#include "zones/query_name.h"
#include "zones/rr_type.h"

namespace gslbd::server {

struct FastQuestion {
  zones::QueryName name;
  std::uint16_t qtype = 0;
  bool edns = false;                           ///< there is an OPT; otherwise the rest means nothing
  bool dnssec_ok = false;                      ///< its DO bit
  std::uint16_t udp_payload = kMinUdpPayload;  ///< as EdnsQuery has it
  std::span<const std::uint8_t> options;       ///< the OPT's RDATA, in the packet; not read yet

  /// Octets of name, type and class.
  std::size_t size() const noexcept { return name.length() + 4; }

  /// kReadAhead octets behind `packet` must be readable. The name is left without hashes: who knows its zone
  /// needs fewer. False: it has another shape, and nothing here means anything.
  bool read(std::span<const std::uint8_t> packet) noexcept {
    static_assert(kReadAhead >= zones::QueryName::kAhead);
    if (packet.size() < kHeaderSize + 5 || !has_plain_header(packet.data())) return false;
    const std::size_t length = name.read_ahead(packet.subspan(kHeaderSize));
    if (length == 0) return false;
    const std::size_t end = kHeaderSize + length + 4;
    const std::uint32_t type_and_class =
        zones::load_be32(packet.data() + end - 4);  // perhaps behind the packet
    qtype = static_cast<std::uint16_t>(type_and_class >> 16);
    if (!is_plain_type(qtype) || (type_and_class & 0xffff) != zones::kClassIn) return false;
    edns = packet[11] != 0;
    return edns ? read_opt(packet, end) : packet.size() == end;
  }

 private:
  // A query with opcode QUERY, one question, no answers, no authority, and at most one additional record
  // (RFC 1035 §4.1.1). The other flags are of no concern.
  static bool has_plain_header(const std::uint8_t* packet) noexcept {
    constexpr std::array<std::uint8_t, 8> kMask{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
    constexpr std::array<std::uint8_t, 8> kWanted{0, 1, 0, 0, 0, 0, 0, 0};
    const auto counts = zones::load<std::uint64_t>(packet + 4);
    return (packet[2] & 0xf8) == 0 &&
           (counts & std::bit_cast<std::uint64_t>(kMask)) == std::bit_cast<std::uint64_t>(kWanted);
  }
  // The types below the meta types (RFC 6895 §3.1). OPT is none of a name's, and DS is the parent zone's
  // (RFC 4035 §3.1.4.1).
  static bool is_plain_type(std::uint16_t qtype) noexcept {
    static_assert((zones::type::kOpt | 2) == zones::type::kDs);
    return qtype - 1U < 127 && (qtype | 2) != zones::type::kDs;
  }
  // The OPT must be the whole rest, from `at` on.
  bool read_opt(std::span<const std::uint8_t> packet, std::size_t at) noexcept {
    if (packet.size() < at + kBareOptSize) return false;
    const auto opt = packet.subspan(at);
    const bool version_0 = opt[0] == 0 && zones::load_be16(&opt[1]) == zones::type::kOpt && opt[6] == 0;
    udp_payload = std::max(kMinUdpPayload, zones::load_be16(&opt[3]));
    dnssec_ok = (opt[7] & 0x80) != 0;
    options = opt.subspan(kBareOptSize);
    return version_0 && zones::load_be16(&opt[9]) == options.size();
  }
};

}  // namespace gslbd::server
