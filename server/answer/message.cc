// SPDX-License-Identifier: Apache-2.0
#include "server/answer/message.h"

#include <algorithm>

#include "zones/node.h"
#include "zones/rr_type.h"

namespace gslbd::server {
namespace {

using zones::load_be16;

// Steps over a possibly compressed name (RFC 1035 §4.1.4) without following it. 0: it runs past the end.
std::size_t skip_name(std::span<const std::uint8_t> packet, std::size_t at) {
  const std::size_t start = at;
  while (at < packet.size()) {
    const std::uint8_t n = packet[at];
    if (n == 0) return at + 1;
    if (n >= 0xc0) return at + 2 <= packet.size() ? at + 2 : 0;
    if (n > zones::kMaxLabelLength) return 0;  // the extended label types are gone (RFC 6891 §5)
    at += std::size_t{n} + 1;
    if (at - start > zones::kMaxNameLength) return 0;
  }
  return 0;
}

// Reads the OPT that starts after its root owner name, at `at`.
void read_opt(std::span<const std::uint8_t> packet, std::size_t at, Query& out) {
  out.edns = true;
  out.udp_payload = std::max<std::uint16_t>(512, load_be16(&packet[at + 2]));
  const std::uint8_t version = packet[at + 5];
  out.edns_flags = load_be16(&packet[at + 6]);
  if (version != 0) out.rcode = Rcode::badvers;
}

// Walks the records behind the question, which a query has no use for but the OPT (RFC 6891 §6.1.1: at most
// one, owned by the root). False: malformed.
bool read_records(std::span<const std::uint8_t> packet, std::size_t at, Query& out) {
  const std::size_t before_additional = std::size_t{load_be16(&packet[6])} + load_be16(&packet[8]);
  const std::size_t records = before_additional + load_be16(&packet[10]);
  for (std::size_t i = 0; i < records; ++i) {
    const std::size_t owner = at;
    at = skip_name(packet, at);
    constexpr std::size_t kFixed = 10;  // type, class, TTL, RDLENGTH
    if (at == 0 || packet.size() - at < kFixed) return false;
    const std::size_t rdlength = load_be16(&packet[at + 8]);
    if (packet.size() - at - kFixed < rdlength) return false;
    if (load_be16(&packet[at]) == zones::type::kOpt) {
      if (out.edns || i < before_additional || packet[owner] != 0) return false;
      read_opt(packet, at, out);
    }
    at += kFixed + rdlength;
  }
  return at == packet.size();
}

}  // namespace

Parsed parse_query(std::span<const std::uint8_t> packet, Query& out) noexcept {
  if (packet.size() < kHeaderSize) return Parsed::drop;
  out.id = load_be16(&packet[0]);
  out.flags = load_be16(&packet[2]);
  out.rcode = Rcode::noerror;
  out.edns = false;
  out.edns_flags = 0;
  out.udp_payload = 512;
  out.question = {};
  if ((out.flags & flag::kResponse) != 0) return Parsed::drop;
  if ((out.flags & flag::kOpcode) != 0) {
    out.rcode = Rcode::notimp;
    return Parsed::bad_header;
  }
  if (load_be16(&packet[4]) != 1) {  // RFC 9619 §4
    out.rcode = Rcode::formerr;
    return Parsed::bad_header;
  }
  const std::size_t name_length = out.name.assign(packet.subspan(kHeaderSize));
  const std::size_t at = kHeaderSize + name_length;
  if (name_length == 0 || packet.size() - at < 4) {
    out.rcode = Rcode::formerr;
    return Parsed::bad_header;
  }
  out.qtype = load_be16(&packet[at]);
  out.qclass = load_be16(&packet[at + 2]);
  out.question = packet.subspan(kHeaderSize, name_length + 4);
  if (!read_records(packet, at + 4, out)) {
    out.edns = false;
    out.rcode = Rcode::formerr;
  }
  return out.rcode == Rcode::noerror ? Parsed::query : Parsed::bad_message;
}

}  // namespace gslbd::server
