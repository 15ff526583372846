// SPDX-License-Identifier: Apache-2.0
#pragma once
// DNS messages read a second time, slowly and strictly, by code that shares nothing with the server: what the
// fuzzers hold responses against. ldns forgives much that a strict resolver would not.
//
// Thread: pure functions.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gslbd::fuzz {

using Octets = std::span<const std::uint8_t>;

inline std::uint16_t get16(Octets o, std::size_t at) {
  return static_cast<std::uint16_t>(o[at] << 8 | o[at + 1]);
}

/// A query as RFC 1035, 6891 and 9619 want it, or how far it got.
struct QueryFacts {
  bool has_header = false;
  bool one_question = false;  ///< it has QDCOUNT 1 and that question can be read
  std::size_t question_end = 12;
  std::uint16_t qtype = 0, qclass = 0;
  bool well_formed = false;  ///< to the last octet, options not looked into
  bool any_opt = false;      ///< some record has the type OPT
  bool has_tsig = false;
  std::size_t opt_at = 0;  ///< of its fixed part, when well formed and there; else 0
  bool options_well_formed = true;
  std::map<std::uint16_t, Octets> options;  ///< the first of each code

  bool edns() const { return well_formed && opt_at != 0; }
};
QueryFacts read_query(Octets packet);

struct Record {
  std::string owner;  ///< wire form, uncompressed, lower case
  std::uint16_t type = 0, rr_class = 0;
  std::uint32_t ttl = 0;
  Octets rdata;          ///< as it stands in the message
  std::string expanded;  ///< with the names in it uncompressed, lower case
};

struct Response {
  std::uint16_t id = 0, flags = 0;
  Octets question;                  ///< its octets; empty when QDCOUNT is 0
  std::vector<Record> sections[3];  ///< answer, authority, additional without the OPT
  std::vector<Record> opts;
  std::size_t opt_size = 0;  ///< of the whole record
  std::map<std::uint16_t, Octets> options;

  unsigned rcode() const { return (flags & 0xfU) | (opts.empty() ? 0 : opts[0].ttl >> 24 << 4); }
};

/// Reads a response. nullopt and `why` when it is not one that we may send: wrong counts, octets behind the
/// end, a pointer that leads forward, into the header or to where no name is (RFC 1035 §4.1.4), a compressed
/// name where RFC 3597 §4 forbids it, RDATA of a wrong length, several OPTs, an OPT with broken options.
std::optional<Response> read_response(Octets message, std::string& why);

}  // namespace gslbd::fuzz
