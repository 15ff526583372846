// SPDX-License-Identifier: Apache-2.0
#include "server/net/proxy_header.h"

#include <algorithm>
#include <array>

namespace gslbd::server {
namespace {

using State = ProxyHeader::State;

// Not a DNS message over TCP (a query of 3,338 octets with an absurd header), nor a line of any text
// protocol.
constexpr std::array<std::uint8_t, 12> kSignature = {'\r', '\n', '\r', '\n', 0,   '\r',
                                                     '\n', 'Q',  'U',  'I',  'T', '\n'};
constexpr std::size_t kFixedSize =
    kSignature.size() + 4;  // version and command, family and transport, length

// Source and destination address, then their ports.
constexpr std::size_t kV4BlockSize = 4 + 4 + 2 + 2;
constexpr std::size_t kV6BlockSize = 16 + 16 + 2 + 2;

constexpr std::uint16_t u16(std::span<const std::uint8_t> octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

// What follows the addresses: type, length and value, any number of times. None of them matters to DNS.
bool extensions_are_whole(std::span<const std::uint8_t> octets) {
  while (!octets.empty()) {
    if (octets.size() < 3) return false;
    const std::size_t size = std::size_t{3} + u16(octets, 1);
    if (size > octets.size()) return false;
    octets = octets.subspan(size);
  }
  return true;
}

// RFC 4291 §2.5.5.2: ::ffff:0:0/96 is IPv4 in disguise. Access rules and steering know it by its real face.
Address unmapped(std::span<const std::uint8_t, 16> octets) {
  const bool mapped = std::all_of(octets.begin(), octets.begin() + 10, [](auto o) { return o == 0; }) &&
                      octets[10] == 0xff && octets[11] == 0xff;
  return mapped ? Address::from_v4(octets.last<4>()) : Address::from_v6(octets);
}

ProxyHeader read_proxied(std::span<const std::uint8_t> block, std::uint8_t family, std::size_t size) {
  const std::size_t addresses = family == 1 ? kV4BlockSize : kV6BlockSize;
  if (block.size() < addresses || !extensions_are_whole(block.subspan(addresses))) return {State::malformed};
  if (family == 1) return {State::proxied, {Address::from_v4(block.first<4>()), u16(block, 8)}, size};
  return {State::proxied, {unmapped(block.first<16>()), u16(block, 32)}, size};
}

}  // namespace

ProxyHeader parse_proxy_header(std::span<const std::uint8_t> octets, Transport transport) noexcept {
  const std::size_t seen = std::min(octets.size(), kSignature.size());
  if (!std::equal(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(seen), kSignature.begin())) {
    return {State::malformed};
  }
  if (octets.size() < kFixedSize) return {State::incomplete};
  const unsigned version = octets[12] >> 4;
  const unsigned command = octets[12] & 0x0f;
  const auto family = static_cast<std::uint8_t>(octets[13] >> 4);
  const unsigned protocol = octets[13] & 0x0f;
  const std::size_t size = kFixedSize + u16(octets, 14);
  if (version != 2 || command > 1 || size > kMaxProxyHeaderSize) return {State::malformed};
  const bool of_proxy = command == 0 || octets[13] == 0;
  // 1 is a stream, 2 are datagrams; families 1 and 2 are IPv4 and IPv6, 3 would be a local socket.
  const bool of_client = (family == 1 || family == 2) && protocol == (transport == Transport::tcp ? 1U : 2U);
  if (!of_proxy && !of_client) return {State::malformed};
  if (octets.size() < size) return {State::incomplete};
  // The block of a connection that is the proxy's own says nothing: it is skipped unread.
  if (of_proxy) return {State::local, {}, size};
  return read_proxied(octets.subspan(kFixedSize, size - kFixedSize), family, size);
}

}  // namespace gslbd::server
