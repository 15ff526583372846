// SPDX-License-Identifier: Apache-2.0
#pragma once
// DNS cookies (RFC 7873): who sends back a server cookie of ours can receive what we send to its address, so
// it is no forger's victim. Server cookies are those of RFC 9018, version 1, which every server that holds
// the same secret makes alike and accepts:
//
//   version (1) | reserved (3) | timestamp (4) | hash (8): SipHash-2-4 of client cookie, the three fields
//   before, and the client's address, keyed with the secret
//
// A secret is changed without anybody's cookie being refused (RFC 9018 §5): the new one is put second in
// every server's file, which accepts it; then first, which makes cookies of it; the old one goes when an hour
// has passed.
//
// Thread: immutable once made; verify() and make() from any, without allocation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/result.h"
#include "core/siphash.h"
#include "core/time.h"

namespace gslbd::server {

/// What a query's COOKIE option tells (RFC 7873 §5.2). A malformed option is none of these: it is a FORMERR
/// before anybody asks here (§5.2.2).
enum class CookieState : std::uint8_t {
  none,         ///< no option
  client_only,  ///< a first contact: answer with a new server cookie
  valid,        ///< made by us, and not long ago: answer with the same
  valid_renew,  ///< valid, but old or made with another secret than the first: answer with a new one
  invalid,      ///< not ours, or expired: treat as client_only
};

inline constexpr std::array<std::string_view, 5> kCookieStateNames = {"none", "client_only", "valid",
                                                                      "valid_renew", "invalid"};
inline constexpr std::size_t kCookieStates = kCookieStateNames.size();

class CookieSecrets {
 public:
  static constexpr std::size_t kSecretSize = 16;
  /// One in use, one to come, one to go, and one for slips: each costs a hash for every cookie not ours.
  static constexpr std::size_t kMaxSecrets = 4;
  static constexpr std::size_t kClientCookie = 8;
  static constexpr std::size_t kServerCookie = 16;
  using ServerCookie = std::array<std::uint8_t, kServerCookie>;

  /// RFC 9018 §4.3: what the timestamp may differ from our clock.
  static constexpr std::int32_t kMaxAge_s = 3600;
  static constexpr std::int32_t kMaxFuture_s = 300;
  static constexpr std::int32_t kRenewAge_s = 1800;

  /// The secrets in a file's `text`: 32 hexadecimal digits a line; empty lines and what follows a `#` are
  /// skipped. The first makes cookies, all are accepted. Errors name `file` and the line, never its content.
  static Result<CookieSecrets> parse(std::string_view text, const std::string& file);
  /// One secret that nobody knows: for a server that shares its address with no other. Cookies die with it.
  static CookieSecrets random();

  /// Whether the data of a COOKIE option have a right length (RFC 7873 §4): a client cookie, and perhaps a
  /// server cookie of 8 to 32 octets. Asked only where cookies are used: to others the option is an unknown
  /// one (§5.2).
  static bool is_cookie(std::span<const std::uint8_t> option) noexcept;

  /// `server_cookie` as it follows the client cookie in the option, of any length; empty when there is none.
  /// `now_s` from cookie_time().
  CookieState verify(std::span<const std::uint8_t, kClientCookie> client_cookie,
                     std::span<const std::uint8_t> server_cookie, const Address& client,
                     std::uint32_t now_s) const noexcept;

  ServerCookie make(std::span<const std::uint8_t, kClientCookie> client_cookie, const Address& client,
                    std::uint32_t now_s) const noexcept;

  std::size_t size() const { return secrets_.size(); }
  bool operator==(const CookieSecrets&) const = default;

 private:
  CookieSecrets() = default;

  std::vector<SipHashKey> secrets_;  ///< never empty
};

/// Seconds since 1970, modulo 2^32: RFC 9018 §4.3's timestamp.
inline std::uint32_t cookie_time(WallTime t) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count());
}

}  // namespace gslbd::server
