// SPDX-License-Identifier: Apache-2.0
#include "core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace gslbd {

Result<Address> Address::parse(std::string_view text) {
  const std::string z(text);  // inet_pton wants a terminator
  Address a;
  // A NUL inside the text would end it early.
  if (text.find('\0') != std::string_view::npos) return fail("an address holds no NUL");
  if (inet_pton(AF_INET, z.c_str(), a.bytes_.data()) == 1) return a;
  a.family_ = Family::v6;
  a.bytes_ = {};
  if (inet_pton(AF_INET6, z.c_str(), a.bytes_.data()) == 1) return a;
  return fail("\"" + z + "\" is not an IPv4 or IPv6 address");
}

Address Address::from_sockaddr(const sockaddr& sa) {
  return Endpoint::from_sockaddr(sa).address;
}

bool Address::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.begin() + 15, [](auto b) { return b == 0; }) && bytes_[15] == 1;
}

std::string Address::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto bad = [&] {
    return fail("\"" + std::string(text) +
                "\" is not an address with a port, such as \"192.0.2.1:53\" or \"[2001:db8::1]:53\"");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = Address::parse(host);
  if (!address || address->is_v4() == bracketed) return bad();
  Endpoint e{*address, 0};
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), e.port);
  if (port.empty() || ec != std::errc{} || end != port.data() + port.size()) return bad();
  return e;
}

Endpoint Endpoint::from_sockaddr(const sockaddr& sa) {
  Endpoint e;
  if (sa.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &sa, sizeof in);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    e.address = Address::from_v4(bytes);
    e.port = ntohs(in.sin_port);
  } else if (sa.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &sa, sizeof in6);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    e.address = Address::from_v6(bytes);
    e.port = ntohs(in6.sin6_port);
  }
  return e;
}

std::string Endpoint::to_string() const {
  const std::string host = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port);
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& out) const {
  out = {};
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(&out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&out, &in6, sizeof in6);
  return sizeof in6;
}

std::size_t AddressHash::operator()(const Address& a) const noexcept {
  const auto b = a.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(b.data()), b.size()});
}

}  // namespace gslbd
