// SPDX-License-Identifier: Apache-2.0
#pragma once
// IP addresses and endpoints (address and port), in the form the wire and the kernel want them.

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gslbd {

enum class Family : std::uint8_t { v4, v6 };

/// An IPv4 or IPv6 address, without zone index. Bytes past size() are zero, so that == and hashing work.
class Address {
 public:
  Address() = default;  ///< 0.0.0.0

  static Result<Address> parse(std::string_view text);
  static Address from_v4(std::span<const std::uint8_t, 4> bytes) noexcept {
    Address a;
    a.assign_v4(bytes);
    return a;
  }
  static Address from_v6(std::span<const std::uint8_t, 16> bytes) noexcept {
    Address a;
    a.assign_v6(bytes);
    return a;
  }
  /// As assigning from_v4() or from_v6(), but without a copy on the way: for each query.
  void assign_v4(std::span<const std::uint8_t, 4> bytes) noexcept { assign(Family::v4, bytes); }
  void assign_v6(std::span<const std::uint8_t, 16> bytes) noexcept { assign(Family::v6, bytes); }
  /// The address of a sockaddr_in or sockaddr_in6; 0.0.0.0 for any other family.
  static Address from_sockaddr(const sockaddr& sa);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::v4; }
  bool is_loopback() const;
  std::size_t size() const { return is_v4() ? 4 : 16; }
  /// Network byte order, 4 or 16 octets.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size()}; }
  std::string to_string() const;

  auto operator<=>(const Address&) const = default;

 private:
  void assign(Family family, std::span<const std::uint8_t> bytes) noexcept {
    family_ = family;
    bytes_ = {};
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }

  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address with a port: "192.0.2.1:53", "[2001:db8::1]:53".
struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  static Result<Endpoint> parse(std::string_view text);
  static Endpoint from_sockaddr(const sockaddr& sa);
  std::string to_string() const;
  /// Fills `out` and returns the length that bind() and connect() want.
  socklen_t to_sockaddr(sockaddr_storage& out) const;

  auto operator<=>(const Endpoint&) const = default;
};

struct AddressHash {
  std::size_t operator()(const Address& a) const noexcept;
};

}  // namespace gslbd
