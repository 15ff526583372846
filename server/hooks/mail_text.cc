// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/mail_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace gslbd::server {
namespace {

std::string base64(std::string_view octets) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const auto octet = [&](std::size_t at) {
      return at < octets.size() ? static_cast<unsigned char>(octets[at]) : 0U;
    };
    const unsigned group = octet(i) << 16U | octet(i + 1) << 8U | octet(i + 2);
    for (std::size_t digit = 0; digit < 4; ++digit) {
      const bool padding = i + digit > octets.size();
      out += padding ? '=' : kDigits[group >> (18U - 6U * static_cast<unsigned>(digit)) & 63U];
    }
  }
  return out;
}

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f;
}

// 45 octets make 60 digits: with "=?utf-8?B?" and "?=" below the 75 of RFC 2047 §2. Never inside a character.
std::size_t word_length(std::string_view text) {
  constexpr std::size_t kLongest = 45;
  if (text.size() <= kLongest) return text.size();
  std::size_t length = kLongest;
  while (length > 1 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  return length;
}

std::string date(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto broken_down = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
  // Names of days and months by hand: a locale must not translate them (RFC 5322 §3.3).
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {:%Y %H:%M:%S} +0000", kDays[broken_down.tm_wday], broken_down.tm_mday,
                     kMonths[broken_down.tm_mon], broken_down);
}

// What may stand in a Message-ID without quotes (RFC 5322 §3.2.3, shortened).
std::string atom(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    out += good ? c : '-';
  }
  return out.empty() ? "gslbd" : out;
}

}  // namespace

std::string encode_header(const std::string& text) {
  if (std::ranges::all_of(text, is_plain) && text.size() < 200) return text;
  std::string out;
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t length = word_length(left);
    out += (out.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?") + base64(left.substr(0, length)) + "?=";
    left.remove_prefix(length);
  }
  return out;
}

std::string mail_text(const HookSettings& settings, const HookMessage& message, const MessageSender& sender,
                      WallTime now) {
  std::string to;
  for (const std::string& address : settings.to) to += (to.empty() ? "" : ",\r\n ") + address;
  std::string out = "Date: " + date(now) + "\r\n";
  out += "From: " + settings.from + "\r\n";
  out += "To: " + to + "\r\n";
  out += "Subject: " + encode_header("[gslbd " + sender.server + "] " + headline(message)) + "\r\n";
  out += "Message-ID: <" + atom(sender.id) + "@" + atom(sender.server) + ".gslbd>\r\n";
  // RFC 3834 §5: no vacation reply answers this.
  out += "Auto-Submitted: auto-generated\r\n";
  out +=
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
      "8bit\r\n\r\n";
  for (const char c : message_text(message, sender)) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

}  // namespace gslbd::server
