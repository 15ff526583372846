// SPDX-License-Identifier: Apache-2.0
#pragma once
// The few parts of the DNS message (RFC 1035 §4) that asking one question takes: composing the query, and
// reading the response's code and the records that answer. Every octet of a response is somebody else's:
// names are followed for a bounded number of steps, records are read one at a time, nothing is kept.
//
// The data of a record becomes text as dig prints it, with names in lower case: A, AAAA, NS, CNAME, SOA, PTR,
// MX, SRV and DNAME. The strings of a TXT record are joined, without quotes. Any other type is in the form of
// RFC 3597 §5: "\# 4 0a000001".
//
// Thread: pure.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace gslbd::health {

struct DnsQuestion {
  std::string name;  ///< in wire format, as it was written
  std::uint16_t type = 1;
  bool operator==(const DnsQuestion&) const = default;
};

/// "www.example.com AAAA"; without a type A is asked for. "TYPE65534" names a type without a mnemonic
/// (RFC 3597 §5).
Result<DnsQuestion> parse_question(std::string_view text);

/// "NOERROR" is 0; nullopt for none of RFC 1035 §4.1.1 and RFC 2136 §2.2.
std::optional<std::uint8_t> parse_rcode(std::string_view name);
/// "NXDOMAIN"; "RCODE15" for one without a name.
std::string dns_rcode_name(std::uint8_t rcode);

/// Record data as a setting writes it, in the form that responses are read in. The error says what a record
/// of that type looks like.
Result<std::string> normalize_rdata(std::uint16_t type, std::string_view text);

std::vector<std::uint8_t> compose_query(std::uint16_t id, const DnsQuestion& question, bool recursion);

struct DnsResponse {
  std::uint8_t rcode = 0;
  bool truncated = false;
  bool authoritative = false;
};

/// True when the octets are a response that answers this query and no other: it bears the same number and, if
/// any, the same question (in any letter case).
bool answers_query(std::span<const std::uint8_t> message, std::uint16_t id, const DnsQuestion& question);

/// Reads a response for which answers_query() holds; each record of the answer section that has the type of
/// the question is handed to `on_record` as text. The error says what is malformed.
Result<DnsResponse> read_response(std::span<const std::uint8_t> message, const DnsQuestion& question,
                                  const std::function<void(std::string)>& on_record);

}  // namespace gslbd::health
