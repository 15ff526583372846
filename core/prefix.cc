// SPDX-License-Identifier: Apache-2.0
#include "core/prefix.h"

#include <charconv>

namespace gslbd {
namespace {

// The address with its bits from `length` on all cleared, or all set.
Address with_rest(const Address& address, std::size_t length, bool set) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy(address.bytes().begin(), address.bytes().end(), bytes.begin());
  for (std::size_t i = 0; i < address.size(); ++i) {
    const std::size_t kept = length > i * 8 ? std::min<std::size_t>(8, length - i * 8) : 0;
    const auto rest = static_cast<std::uint8_t>(0xff >> kept);
    bytes[i] = static_cast<std::uint8_t>(set ? bytes[i] | rest : bytes[i] & ~rest);
  }
  return address.is_v4() ? Address::from_v4(std::span<const std::uint8_t>(bytes).first<4>())
                         : Address::from_v6(std::span<const std::uint8_t, 16>(bytes));
}

}  // namespace

Prefix::Prefix(const Address& address, std::uint8_t length)
    : address_(with_rest(address, length, false)), length_(length) {}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) {
    return fail("\"" + std::string(text) +
                "\" is no prefix, such as \"192.0.2.0/24\", \"2001:db8::/32\" or one address");
  }
  const unsigned longest = address->is_v4() ? 32 : 128;
  unsigned length = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (digits.empty() || ec != std::errc{} || end != digits.data() + digits.size() || length > longest) {
      return fail("\"" + std::string(text) + "\": the prefix length must be 0 to " + std::to_string(longest));
    }
  }
  const Prefix prefix(*address, static_cast<std::uint8_t>(length));
  if (prefix.first() != *address) {
    return fail("\"" + std::string(text) + "\" has bits set beyond its length; did you mean \"" +
                prefix.to_string() + "\"?");
  }
  return prefix;
}

Address Prefix::last() const {
  return with_rest(address_, length_, true);
}

bool Prefix::contains(const Address& a) const {
  return a.family() == address_.family() && with_rest(a, length_, false) == address_;
}

std::string Prefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace gslbd
