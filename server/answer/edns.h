// SPDX-License-Identifier: Apache-2.0
#pragma once
// EDNS (RFC 6891): the OPT record as a query brings it and as a response carries it back, with its options.
//
// Options are read with the message, once. In a response the options that the query asked for have their room
// kept free while records are added; those that are only helpful (extended errors, the report channel) go in
// where room is left.
//
// Thread: pure functions on a worker's scratch; no allocation.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/time.h"
#include "server/answer/cookie.h"
#include "server/query_handler.h"
#include "zones/zone.h"

namespace gslbd::server {

struct AnswerPolicy;

namespace option {                                   // IANA "DNS EDNS0 Option Codes"
inline constexpr std::uint16_t kNsid = 3;            // RFC 5001
inline constexpr std::uint16_t kClientSubnet = 8;    // RFC 7871
inline constexpr std::uint16_t kCookie = 10;         // RFC 7873
inline constexpr std::uint16_t kKeepalive = 11;      // RFC 7828
inline constexpr std::uint16_t kPadding = 12;        // RFC 7830
inline constexpr std::uint16_t kError = 15;          // RFC 8914
inline constexpr std::uint16_t kReportChannel = 18;  // RFC 9567
inline constexpr std::uint16_t kZoneVersion = 19;    // RFC 9660
}  // namespace option

/// The OPT of a query. The spans point into the packet.
struct EdnsQuery {
  bool present = false;
  bool dnssec_ok = false;           ///< RFC 3225 §3: repeated in the response
  std::uint16_t udp_payload = 512;  ///< RFC 6891 §6.2.3: less than 512 means 512
  bool nsid = false;
  bool keepalive = false;
  bool padding = false;
  bool zone_version = false;
  std::optional<std::span<const std::uint8_t>> cookie;  ///< not checked: see CookieSecrets::is_cookie()
  std::span<const std::uint8_t> client_subnet;          ///< checked; empty: none

  /// What a malformed query says is not repeated, but that it has an OPT (RFC 6891 §7).
  void forget_options() {
    forget_options_but_cookie();
    cookie.reset();
  }
  void forget_options_but_cookie() {
    nsid = keepalive = padding = zone_version = false;
    client_subnet = {};
  }
};

/// Reads the OPT record's RDATA. False: an option that we know is malformed (FORMERR); others are skipped.
bool read_options(std::span<const std::uint8_t> rdata, EdnsQuery& out) noexcept;

/// INFO-CODEs of RFC 8914 §4.
enum class EdnsError : std::uint16_t {
  stale_answer = 3,
  prohibited = 18,
  not_authoritative = 20,
  not_supported = 21,
  no_reachable_authority = 22,
};

/// What a response's OPT says beside what the query and the policy settle.
struct EdnsAnswer {
  std::optional<EdnsError> error;
  std::string_view error_text;  ///< static storage, or as long-lived as the snapshot
  bool zone_known = false;      ///< then the two below are the zone that the answer comes from
  std::uint8_t zone_labels = 0;
  std::uint32_t zone_serial = 0;
  bool reports = false;  ///< the policy's report agent wants to hear of errors with it (RFC 9567)
  bool cookie = false;
  CookieSecrets::ServerCookie server_cookie{};

  void set_zone(const zones::Zone& zone, bool reports_errors) {
    zone_known = true;
    zone_labels = static_cast<std::uint8_t>(zone.apex_labels());
    zone_serial = zone.serial();
    reports = reports_errors;
  }
};

/// Settles the answer's cookie: whose cookie is one of ours gets it back, others get a new one (RFC 7873
/// §5.2). `cookie` must be CookieSecrets::is_cookie().
CookieState answer_cookie(std::span<const std::uint8_t> cookie, const CookieSecrets& secrets,
                          const Address& client, const Clock& clock, EdnsAnswer& answer) noexcept;

/// The octets that the response's OPT needs at least: to be kept free. 0 without EDNS.
std::size_t opt_size(const EdnsQuery& query, const AnswerPolicy& policy) noexcept;

/// Writes the OPT into `room`, which has at least opt_size() octets. `message_size` is the message's before
/// it, for padding. Returns the octets written.
std::size_t write_opt(std::span<std::uint8_t> room, std::size_t message_size, const EdnsQuery& query,
                      const EdnsAnswer& answer, const AnswerPolicy& policy, const Asker& asker,
                      std::uint16_t rcode) noexcept;

}  // namespace gslbd::server
