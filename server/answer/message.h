// SPDX-License-Identifier: Apache-2.0
#pragma once
// The DNS message as a name server reads it: header constants, and parse_query(), which takes a packet apart
// into what an authoritative server needs of it. No allocation, no exceptions; every octet may be hostile.
//
// Thread: pure functions; a Query is a worker's scratch.

#include <cstdint>
#include <span>

#include "server/answer/edns.h"
#include "zones/query_name.h"

namespace gslbd::server {

inline constexpr std::size_t kHeaderSize = 12;  // RFC 1035 §4.1.1
/// Compression pointers lead to places below this: they have 14 bits of offset (RFC 1035 §4.1.4).
inline constexpr std::size_t kPointerReach = 0x4000;

/// What a UDP response may have at least, and without EDNS at most (RFC 1035 §4.2.1, RFC 6891 §6.2.3).
inline constexpr std::uint16_t kMinUdpPayload = 512;
/// The octets of an OPT without options (RFC 6891 §6.1.2).
inline constexpr std::size_t kBareOptSize = 11;

enum class Rcode : std::uint16_t {  // RFC 6895 §2.3
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  yxdomain = 6,    // RFC 6672 §2.2: a synthesized name is too long
  notauth = 9,     // RFC 5936 §2.2.1: no zone of that name is served
  badvers = 16,    // RFC 6891 §9: the upper eight bits of it and the next travel in the OPT
  badcookie = 23,  // RFC 7873 §8
};

/// Bits of the header's second 16-bit word.
namespace flag {
inline constexpr std::uint16_t kResponse = 0x8000;
inline constexpr std::uint16_t kOpcode = 0x7800;
inline constexpr std::uint16_t kAuthoritative = 0x0400;
inline constexpr std::uint16_t kTruncated = 0x0200;
inline constexpr std::uint16_t kRecursionDesired = 0x0100;
}  // namespace flag

/// What to do with a packet.
enum class Parsed : std::uint8_t {
  query,        ///< a query to look up
  cookie_only,  ///< no question: the asker wants a server cookie (RFC 7873 §5.4)
  drop,         ///< no header, or a response: answering could start a loop
  bad_message,  ///< `rcode` says how to answer; `question` is empty where it could not be read
};

struct Query {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t qtype = 0;
  std::uint16_t qclass = 0;
  Rcode rcode = Rcode::noerror;  ///< for bad_message
  EdnsQuery edns;
  std::span<const std::uint8_t> question;  ///< its octets, in the packet: name as sent, type, class
  zones::QueryName name;
};

/// Fills `out`. `out.question` points into `packet`.
Parsed parse_query(std::span<const std::uint8_t> packet, Query& out) noexcept;

}  // namespace gslbd::server
