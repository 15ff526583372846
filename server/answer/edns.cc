// SPDX-License-Identifier: Apache-2.0
#include "server/answer/edns.h"

#include <algorithm>
#include <cstring>

#include "server/answer/policy.h"
#include "zones/node.h"

namespace gslbd::server {
namespace {

using zones::load_be16;
using zones::store_be16;
using zones::store_be32;

constexpr std::size_t kOptFixed = 11;   // RFC 6891 §6.1.2, without options
constexpr std::size_t kOptionHead = 4;  // OPTION-CODE, OPTION-LENGTH
constexpr std::size_t kClientCookie = CookieSecrets::kClientCookie;
constexpr std::size_t kZoneVersion = 6;  // RFC 9660 §2: LABELCOUNT, TYPE, a serial
constexpr std::size_t kSubnetHead = 4;   // RFC 7871 §6: FAMILY, two prefix lengths
constexpr std::size_t kPadTo = 468;      // RFC 8467 §4.1: the block that responses fill up

// RFC 7871 §6, §7.1.2: in a query the scope is 0, there are just the octets that the prefix needs, and what
// it does not cover is zero. FAMILY 0 goes with nothing to tell: resolvers send it to say "do not use my
// address".
bool is_client_subnet(std::span<const std::uint8_t> data) {
  if (data.size() < kSubnetHead) return false;
  const std::uint16_t family = load_be16(data.data());
  const std::size_t source = data[2];
  const std::size_t longest = family == 1 ? 32 : family == 2 ? 128 : 0;
  if (family > 2 || source > longest || data[3] != 0) return false;
  if (data.size() - kSubnetHead != (source + 7) / 8) return false;
  const std::size_t spare_bits = (8 - source % 8) % 8;
  return (data.back() & ((1U << spare_bits) - 1)) == 0;
}

bool read_option(std::uint16_t code, std::span<const std::uint8_t> data, EdnsQuery& out) {
  switch (code) {
    case option::kNsid:
      out.nsid = true;  // RFC 5001 §2.1 wants it empty; what is in it means nothing to us
      return true;
    case option::kClientSubnet:
      if (!out.client_subnet.empty()) return true;
      out.client_subnet = data;
      return is_client_subnet(data);
    case option::kCookie:
      if (!out.cookie) out.cookie = data;  // RFC 7873 §5.2: the first counts
      return true;
    case option::kKeepalive:
      out.keepalive = true;  // RFC 7828 §3.2.1 wants it empty; a timeout in it means nothing to us
      return true;
    case option::kPadding:
      out.padding = true;
      return true;
    case option::kZoneVersion:
      if (out.zone_version) return false;  // RFC 9660 §3.2.1: once, and empty
      out.zone_version = true;
      return data.empty();
    default:
      return true;  // RFC 6891 §6.1.2
  }
}

// Puts options one behind the other, each whole or not at all.
class OptionWriter {
 public:
  explicit OptionWriter(std::span<std::uint8_t> room) : room_(room) {}

  /// Room for an option of `length` octets; empty when there is none.
  std::span<std::uint8_t> add(std::uint16_t code, std::size_t length) {
    if (room_.size() - size_ < kOptionHead + length) return {};
    std::uint8_t* at = room_.data() + size_;
    store_be16(at, code);
    store_be16(at + 2, length);
    size_ += kOptionHead + length;
    return {at + kOptionHead, length};
  }
  void add(std::uint16_t code, std::span<const std::uint8_t> data) {
    const auto to = add(code, data.size());
    std::copy_n(data.begin(), to.size(), to.begin());
  }
  std::size_t size() const { return size_; }

 private:
  std::span<std::uint8_t> room_;
  std::size_t size_ = 0;
};

void add_cookie(const EdnsQuery& query, const EdnsAnswer& answer, OptionWriter& out) {
  const auto to = out.add(option::kCookie, kClientCookie + answer.server_cookie.size());
  if (to.empty()) return;
  std::memcpy(to.data(), query.cookie->data(), kClientCookie);
  std::memcpy(to.data() + kClientCookie, answer.server_cookie.data(), answer.server_cookie.size());
}

void add_zone_version(const EdnsAnswer& answer, OptionWriter& out) {
  const auto to = out.add(option::kZoneVersion, kZoneVersion);
  if (to.empty()) return;
  to[0] = answer.zone_labels;
  to[1] = 0;  // RFC 9660 §2.1: SOA-SERIAL
  store_be32(&to[2], answer.zone_serial);
}

void add_error(const EdnsAnswer& answer, OptionWriter& out) {
  auto to = out.add(option::kError, 2 + answer.error_text.size());
  if (to.empty()) to = out.add(option::kError, 2);  // the code without the words
  if (to.empty()) return;
  store_be16(to.data(), static_cast<std::uint16_t>(*answer.error));
  const std::string_view text = answer.error_text.substr(0, to.size() - 2);
  std::copy(text.begin(), text.end(), to.begin() + 2);
}

// RFC 8467 §4.1: fills the message up to a multiple of the block, or as far as it goes.
void add_padding(std::size_t message_size, std::size_t room, OptionWriter& out) {
  const std::size_t size = message_size + kOptionHead;
  const std::size_t wanted = (size + kPadTo - 1) / kPadTo * kPadTo - size;
  if (room < kOptionHead) return;
  const auto to = out.add(option::kPadding, std::min(wanted, room - kOptionHead));
  std::fill(to.begin(), to.end(), std::uint8_t{0});
}

}  // namespace

bool read_options(std::span<const std::uint8_t> rdata, EdnsQuery& out) noexcept {
  while (!rdata.empty()) {
    if (rdata.size() < kOptionHead) return false;
    const std::size_t length = load_be16(&rdata[2]);
    if (rdata.size() - kOptionHead < length) return false;
    if (!read_option(load_be16(&rdata[0]), rdata.subspan(kOptionHead, length), out)) return false;
    rdata = rdata.subspan(kOptionHead + length);
  }
  return true;
}

CookieState answer_cookie(std::span<const std::uint8_t> cookie, const CookieSecrets& secrets,
                          const Address& client, const Clock& clock, EdnsAnswer& answer) noexcept {
  const std::uint32_t now_s = cookie_time(clock.wall_now());
  const auto from_client = cookie.first<kClientCookie>();
  const auto from_us = cookie.subspan(kClientCookie);
  const CookieState state = secrets.verify(from_client, from_us, client, now_s);
  answer.cookie = true;
  if (state == CookieState::valid) {
    std::copy(from_us.begin(), from_us.end(), answer.server_cookie.begin());
  } else {
    answer.server_cookie = secrets.make(from_client, client, now_s);
  }
  return state;
}

std::size_t opt_size(const EdnsQuery& query, const AnswerPolicy& policy) noexcept {
  if (!query.present) return 0;
  std::size_t size = kOptFixed;
  if (query.cookie && policy.cookies) size += kOptionHead + kClientCookie + CookieSecrets::kServerCookie;
  if (!query.client_subnet.empty()) size += kOptionHead + query.client_subnet.size();
  if (query.nsid && !policy.nsid.empty()) size += kOptionHead + policy.nsid.size();
  if (query.zone_version) size += kOptionHead + kZoneVersion;
  return size;
}

std::size_t write_opt(std::span<std::uint8_t> room, std::size_t message_size, const EdnsQuery& query,
                      const EdnsAnswer& answer, const AnswerPolicy& policy, const Asker& asker,
                      std::uint16_t rcode) noexcept {
  std::uint8_t* at = room.data();
  at[0] = 0;  // owned by the root
  store_be16(at + 1, zones::type::kOpt);
  store_be16(at + 3, policy.udp_payload);
  at[5] = static_cast<std::uint8_t>(rcode >> 4);
  at[6] = 0;  // version
  store_be16(at + 7, query.dnssec_ok ? 0x8000 : 0);

  OptionWriter out(room.subspan(kOptFixed));
  if (answer.cookie) add_cookie(query, answer, out);
  // RFC 7871 §7.2.1: as asked; the scope stays 0, good for everybody.
  if (!query.client_subnet.empty()) out.add(option::kClientSubnet, query.client_subnet);
  if (query.nsid && !policy.nsid.empty()) out.add(option::kNsid, policy.nsid);
  if (query.zone_version && answer.zone_known) add_zone_version(answer, out);
  if (query.keepalive && asker.transport == Transport::tcp) {  // RFC 7828 §3.3.1: never on UDP
    if (const auto to = out.add(option::kKeepalive, 2); !to.empty()) store_be16(to.data(), asker.keepalive);
  }
  if (answer.error) add_error(answer, out);
  if (answer.reports) out.add(option::kReportChannel, policy.report_agent);
  if (query.padding && asker.encrypted) {
    const std::size_t written = kOptFixed + out.size();
    add_padding(message_size + written, room.size() - written, out);
  }
  store_be16(at + 9, out.size());
  return kOptFixed + out.size();
}

}  // namespace gslbd::server
