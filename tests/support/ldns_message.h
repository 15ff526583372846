// SPDX-License-Identifier: Apache-2.0
#pragma once
// A response, taken apart by ldns: the oracle for our wire code. Records are text lines as ldns prints them,
// with tabs as spaces, sorted, so that answers compare as sets.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gslbd::test {

/// An EDNS option (RFC 6891 §6.1.2), in a query or out of a response.
struct EdnsOption {
  std::uint16_t code = 0;
  std::vector<std::uint8_t> data;
};

struct Message {
  std::uint16_t id = 0;
  int rcode = 0;  ///< with the OPT's upper bits
  int opcode = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  bool z = false;     ///< the reserved bit (RFC 1035 §4.1.1)
  std::string qname;  ///< as sent, case and all
  std::uint16_t qtype = 0, qclass = 0;
  std::size_t question_count = 0;
  std::vector<std::string> answer, authority, additional;  ///< without the OPT
  std::vector<std::string> answer_in_order;
  bool edns = false;
  bool dnssec_ok = false;
  std::uint16_t udp_payload = 0;
  std::uint8_t edns_version = 0;
  std::uint16_t edns_flags = 0;  ///< DO among them
  std::vector<EdnsOption> options;
  std::size_t size = 0;
  std::vector<std::uint8_t> wire;

  /// The first option of that code; null: none.
  const EdnsOption* option(std::uint16_t code) const;
};

/// nullopt when ldns cannot parse it, or when it does not end where ldns ends.
std::optional<Message> parse_message(std::span<const std::uint8_t> wire);

struct QueryOptions {
  std::uint16_t id = 0x1234;
  std::uint16_t qclass = 1;
  bool rd = false;
  bool edns = false;
  std::uint16_t udp_payload = 1232;
  bool dnssec_ok = false;
  std::uint8_t edns_version = 0;
  std::vector<EdnsOption> options = {};  ///< any make it a query with EDNS
  std::uint16_t flags = 0;               ///< of the header, beside RD
  std::uint16_t edns_flags = 0;          ///< beside DO
};

/// A name in presentation format as wire octets; escapes are read, the case stays.
std::vector<std::uint8_t> wire_name(const std::string& name);

/// A query packet, written octet by octet, independent of the server's code. `name` in presentation format.
std::vector<std::uint8_t> make_query(const std::string& name, std::uint16_t qtype,
                                     const QueryOptions& options = {});

}  // namespace gslbd::test
