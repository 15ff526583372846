// SPDX-License-Identifier: Apache-2.0
#include "server/answer/cookie.h"

#include <algorithm>

#include "core/entropy.h"
#include "core/hex.h"

namespace gslbd::server {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kTimestampAt = 4;
constexpr std::size_t kHashAt = 8;  // all before it is hashed

using ServerCookieView = std::span<const std::uint8_t, CookieSecrets::kServerCookie>;

// RFC 9018 §4.4. The reserved octets are hashed as they came: a later version of the scheme may use them, and
// a server of today must accept its cookies.
std::uint64_t hash(const SipHashKey& secret,
                   std::span<const std::uint8_t, CookieSecrets::kClientCookie> client_cookie,
                   std::span<const std::uint8_t, kHashAt> head, const Address& client) noexcept {
  std::array<std::uint8_t, CookieSecrets::kClientCookie + kHashAt + 16> message;
  auto end = std::copy(client_cookie.begin(), client_cookie.end(), message.begin());
  end = std::copy(head.begin(), head.end(), end);
  end = std::copy(client.bytes().begin(), client.bytes().end(), end);
  return sip_hash(secret, std::span(message.begin(), end));
}

// The hash stands in the cookie little-endian, as SipHash's reference code writes it.
std::uint64_t hash_in(ServerCookieView cookie) noexcept {
  std::uint64_t h = 0;
  for (std::size_t i = 0; i < 8; ++i) h |= std::uint64_t{cookie[kHashAt + i]} << (8 * i);
  return h;
}

// How long ago the cookie was made, in seconds. The timestamps are serial numbers (RFC 1982): 32 bits that
// wrap in 2106, so the difference modulo 2^32 is read as a signed number. Exactly 2^31 apart is undefined
// there; here it is the most negative number, and as far from valid as can be.
std::int32_t age_s(ServerCookieView cookie, std::uint32_t now_s) noexcept {
  std::uint32_t made_s = 0;
  for (std::size_t i = 0; i < 4; ++i) made_s = made_s << 8 | cookie[kTimestampAt + i];
  return static_cast<std::int32_t>(now_s - made_s);
}

// The messages say what is wrong, and nothing of the digits: they end up in logs.
Result<SipHashKey> parse_secret(std::string_view digits) {
  constexpr std::size_t kDigits = 2 * CookieSecrets::kSecretSize;
  if (digits.size() != kDigits) {
    return fail("a secret is " + std::to_string(kDigits) + " hexadecimal digits, here are " +
                std::to_string(digits.size()) + " characters");
  }
  std::array<std::uint8_t, CookieSecrets::kSecretSize> octets;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int high = hex_digit(digits[2 * i]);
    const int low = hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) {
      return fail("character " + std::to_string(2 * i + (high < 0 ? 1 : 2)) + " is no hexadecimal digit");
    }
    octets[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return sip_hash_key(octets);
}

// Without its comment and the blanks around (a file from elsewhere may end its lines in CR LF).
std::string_view content_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  line = line.substr(0, line.find('#'));
  const auto first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

Result<CookieSecrets> CookieSecrets::parse(std::string_view text, const std::string& file) {
  CookieSecrets result;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = content_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto wrong = [&](const std::string& why) {
      return fail(file + ":" + std::to_string(number) + ": " + why);
    };
    const auto secret = parse_secret(line);
    if (!secret) return wrong(secret.error().message);
    if (std::find(result.secrets_.begin(), result.secrets_.end(), *secret) != result.secrets_.end()) {
      return wrong("this secret stands in the file already");
    }
    if (result.secrets_.size() == kMaxSecrets) {
      return wrong("more than " + std::to_string(kMaxSecrets) + " secrets");
    }
    result.secrets_.push_back(*secret);
  }
  if (result.secrets_.empty()) return fail(file + ": there is no secret in it");
  return result;
}

CookieSecrets CookieSecrets::random() {
  std::array<std::uint8_t, kSecretSize> octets;
  fill_with_entropy(octets);
  CookieSecrets result;
  result.secrets_.push_back(sip_hash_key(octets));
  return result;
}

bool CookieSecrets::is_cookie(std::span<const std::uint8_t> option) noexcept {
  constexpr std::size_t kShortest = kClientCookie + 8;
  constexpr std::size_t kLongest = kClientCookie + 32;
  return option.size() == kClientCookie || (option.size() >= kShortest && option.size() <= kLongest);
}

CookieState CookieSecrets::verify(std::span<const std::uint8_t, kClientCookie> client_cookie,
                                  std::span<const std::uint8_t> server_cookie, const Address& client,
                                  std::uint32_t now_s) const noexcept {
  if (server_cookie.empty()) return CookieState::client_only;
  // Another length or version may be a good cookie of a server that had this address before: no mistake of
  // the client's, so it is not ours, and no more.
  if (server_cookie.size() != kServerCookie || server_cookie[0] != kVersion) return CookieState::invalid;
  const auto cookie = server_cookie.first<kServerCookie>();
  const std::int32_t age = age_s(cookie, now_s);
  if (age > kMaxAge_s || age < -kMaxFuture_s) return CookieState::invalid;
  const std::uint64_t claimed = hash_in(cookie);
  for (std::size_t i = 0; i < secrets_.size(); ++i) {
    // One comparison of 64 bits takes as long whatever they are: nobody can guess a hash octet by octet.
    if (hash(secrets_[i], client_cookie, cookie.first<kHashAt>(), client) != claimed) continue;
    return i == 0 && age <= kRenewAge_s ? CookieState::valid : CookieState::valid_renew;
  }
  return CookieState::invalid;
}

CookieSecrets::ServerCookie CookieSecrets::make(std::span<const std::uint8_t, kClientCookie> client_cookie,
                                                const Address& client, std::uint32_t now_s) const noexcept {
  ServerCookie cookie{kVersion};  // the reserved octets are zero
  for (std::size_t i = 0; i < 4; ++i) {
    cookie[kTimestampAt + i] = static_cast<std::uint8_t>(now_s >> (24 - 8 * i));
  }
  const std::uint64_t h =
      hash(secrets_.front(), client_cookie, std::span<const std::uint8_t>(cookie).first<kHashAt>(), client);
  for (std::size_t i = 0; i < 8; ++i) cookie[kHashAt + i] = static_cast<std::uint8_t>(h >> (8 * i));
  return cookie;
}

}  // namespace gslbd::server
