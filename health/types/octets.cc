// SPDX-License-Identifier: Apache-2.0
#include "health/types/octets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/hex.h"

namespace gslbd::health {
namespace {

// The smallest character that needs a sequence of that many octets: a longer one is malformed (RFC 3629 §3).
constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};

/// How many octets at the start of `s` are one printable character; 0: none.
std::size_t character_length(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead > 0xf4 || s.size() < length) return 0;
  std::uint32_t character = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto octet = static_cast<unsigned char>(s[i]);
    if ((octet & 0xc0) != 0x80) return 0;
    character = character << 6 | (octet & 0x3fU);
  }
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  const bool control = character < 0xa0 || character == 0x2028 || character == 0x2029;
  const bool malformed = character < kSmallest[length] || character > 0x10ffff || surrogate;
  return malformed || control ? 0 : length;
}

}  // namespace

Result<std::string> parse_octets(std::string_view text) {
  if (!text.starts_with("0x")) return std::string(text);
  const std::string_view digits = text.substr(2);
  if (digits.empty() || digits.size() % 2 != 0) return fail("\"0x\" wants an even number of digits after it");
  std::string octets;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) {
      return fail(fmt::format("\"{}\" is no hexadecimal octet", printable(digits.substr(i, 2))));
    }
    octets += static_cast<char>(high * 16 + low);
  }
  return octets;
}

std::string printable(std::string_view octets, std::size_t longest) {
  constexpr std::string_view kCut = "...";
  std::string out;
  std::size_t fits = 0;  // as much of `out` as leaves room for the sign that something was cut
  while (!octets.empty()) {
    const std::size_t length = character_length(octets);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (out.size() + kCut.size() <= longest) fits = out.size();
    out += length > 0 ? std::string(octets.substr(0, length))
                      : fmt::format("\\x{:02x}", static_cast<unsigned char>(octets[0]));
    if (out.size() > longest) return out.substr(0, fits).append(kCut);
    octets.remove_prefix(taken);
  }
  return out;
}

}  // namespace gslbd::health
