// SPDX-License-Identifier: Apache-2.0
#include "server/answer/message.h"

#include <algorithm>

#include "zones/node.h"
#include "zones/rr_type.h"

namespace gslbd::server {
namespace {

using zones::load_be16;

// Steps over a possibly compressed name (RFC 1035 §4.1.4) without following it. 0: it runs past the end, or
// has a pointer where there must be none.
std::size_t skip_name(std::span<const std::uint8_t> packet, std::size_t at, bool pointers = true) {
  const std::size_t start = at;
  while (at < packet.size()) {
    const std::uint8_t n = packet[at];
    if (n == 0) return at + 1;
    if (n >= 0xc0) return pointers && at + 2 <= packet.size() ? at + 2 : 0;
    if (n > zones::kMaxLabelLength) return 0;  // the extended label types are gone (RFC 6891 §5)
    at += std::size_t{n} + 1;
    if (at - start >= zones::kMaxNameLength) return 0;  // the root's octet is still to come
  }
  return 0;
}

// Steps over `count` questions. 0: they run past the end.
std::size_t skip_questions(std::span<const std::uint8_t> packet, std::size_t count) {
  std::size_t at = kHeaderSize;
  for (; count > 0; --count) {
    const bool first = at == kHeaderSize;  // nothing stands before it that a pointer could lead to
    at = skip_name(packet, at, !first);
    if (at == 0 || packet.size() - at < 4) return 0;
    at += 4;
  }
  return at;
}

// Reads the OPT whose fixed part starts at `fixed`, behind the root owner name (RFC 6891 §6.1.2).
bool read_opt(std::span<const std::uint8_t> fixed, std::span<const std::uint8_t> rdata, Query& out) {
  out.edns.present = true;
  out.edns.udp_payload = std::max<std::uint16_t>(512, load_be16(&fixed[2]));
  out.edns.dnssec_ok = (fixed[6] & 0x80) != 0;
  if (fixed[5] != 0) {  // the version: what else is in there, only that one knows
    out.rcode = Rcode::badvers;
    return true;
  }
  return read_options(rdata, out.edns);
}

// Walks the records behind the question, which a query has no use for but the OPT (RFC 6891 §6.1.1: at most
// one, owned by the root, in the additional section). False: malformed.
bool read_records(std::span<const std::uint8_t> packet, std::size_t at, Query& out) {
  const std::size_t before_additional = std::size_t{load_be16(&packet[6])} + load_be16(&packet[8]);
  const std::size_t records = before_additional + load_be16(&packet[10]);
  for (std::size_t i = 0; i < records; ++i) {
    const std::size_t owner = at;
    at = skip_name(packet, at);
    constexpr std::size_t kFixed = 10;  // type, class, TTL, RDLENGTH
    if (at == 0 || packet.size() - at < kFixed) return false;
    const auto fixed = packet.subspan(at, kFixed);
    const std::size_t rdlength = load_be16(&fixed[8]);
    if (packet.size() - at - kFixed < rdlength) return false;
    if (load_be16(fixed.data()) == zones::type::kOpt) {
      if (out.edns.present || i < before_additional || packet[owner] != 0) return false;
      if (!read_opt(fixed, packet.subspan(at + kFixed, rdlength), out)) return false;
    }
    at += kFixed + rdlength;
  }
  return at == packet.size();
}

Parsed unanswerable(Rcode rcode, Query& out) {
  out.edns.forget_options();
  out.rcode = rcode;
  return Parsed::bad_message;
}
Parsed malformed(Query& out) {
  return unanswerable(Rcode::formerr, out);
}

}  // namespace

Parsed parse_query(std::span<const std::uint8_t> packet, Query& out) noexcept {
  if (packet.size() < kHeaderSize) return Parsed::drop;
  out.id = load_be16(&packet[0]);
  out.flags = load_be16(&packet[2]);
  out.rcode = Rcode::noerror;
  out.edns = {};
  out.question = {};
  if ((out.flags & flag::kResponse) != 0) return Parsed::drop;
  const std::size_t questions = load_be16(&packet[4]);
  const bool other_opcode = (out.flags & flag::kOpcode) != 0;
  if (questions > 1 || other_opcode) {  // RFC 9619 §4
    // Read on all the same: an OPT is answered with one (RFC 6891 §6.1.1).
    const std::size_t at = skip_questions(packet, questions);
    if (at == 0 || !read_records(packet, at, out)) out.edns.present = false;
    return unanswerable(other_opcode ? Rcode::notimp : Rcode::formerr, out);
  }
  if (questions == 0) {
    const bool asks_cookie = read_records(packet, kHeaderSize, out) && out.edns.cookie.has_value();
    return asks_cookie && out.rcode == Rcode::noerror ? Parsed::cookie_only : malformed(out);
  }
  const std::size_t name_length = out.name.assign(packet.subspan(kHeaderSize));
  const std::size_t at = kHeaderSize + name_length;
  if (name_length == 0 || packet.size() - at < 4) return malformed(out);
  out.qtype = load_be16(&packet[at]);
  out.qclass = load_be16(&packet[at + 2]);
  out.question = packet.subspan(kHeaderSize, name_length + 4);
  if (!read_records(packet, at + 4, out)) return malformed(out);
  return out.rcode == Rcode::noerror ? Parsed::query : Parsed::bad_message;
}

}  // namespace gslbd::server
