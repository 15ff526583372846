// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP/2 by hand (RFC 9113, RFC 7541): a peer that says whatever a test wants, frame by frame, where real
// servers keep to the rules.
//
// Thread: any.

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/health/stream/peer.h"

namespace gslbd::test::http2 {

enum class Type : std::uint8_t {
  data = 0,
  headers = 1,
  rst_stream = 3,
  settings = 4,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
};
constexpr std::uint8_t kEndStream = 1;   // of DATA and HEADERS
constexpr std::uint8_t kEndHeaders = 4;  // of HEADERS and CONTINUATION
constexpr std::uint32_t kRequest = 1;    // the stream of a client's first request

/// A frame (RFC 9113 §4.1); its length is the payload's unless `length` says otherwise.
inline std::string frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload,
                         std::uint32_t length = 0) {
  const std::uint32_t said = length != 0 ? length : static_cast<std::uint32_t>(payload.size());
  std::string octets;
  for (const int shift : {16, 8, 0}) octets += static_cast<char>(said >> shift & 0xff);
  octets += static_cast<char>(type);
  octets += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) octets += static_cast<char>(stream >> shift & 0xff);
  return octets.append(payload);
}

/// A header field as a literal that no table keeps (RFC 7541 §6.2.2); `first` 0x40 has the table keep it.
inline std::string field(std::string_view name, std::string_view value, char first = 0) {
  const auto text = [](std::string_view s) {
    if (s.size() < 127) return static_cast<char>(s.size()) + std::string(s);
    std::string octets = "\x7f";  // the rest of the length in groups of seven bits (§5.1)
    std::size_t rest = s.size() - 127;
    for (; rest >= 128; rest >>= 7) octets += static_cast<char>(rest % 128 + 128);
    return octets.append(1, static_cast<char>(rest)).append(s);
  };
  return first + text(name) + text(value);
}

inline const std::string kOk = "\x88";  // ":status: 200" (RFC 7541, appendix A)
inline const std::string kEarlyHints = field(":status", "103");
inline const std::string kSettings = frame(Type::settings, 0, 0, "");

/// HEADERS of the answer to the request; complete unless `flags` say otherwise.
inline std::string header_frame(std::string_view fields, std::uint8_t flags = kEndHeaders) {
  return frame(Type::headers, flags, kRequest, fields);
}
inline std::string data_frame(std::string_view octets, std::uint8_t flags = 0) {
  return frame(Type::data, flags, kRequest, octets);
}
/// A number in four octets.
inline std::string number(std::uint32_t code) {
  std::string octets;
  for (const int shift : {24, 16, 8, 0}) octets += static_cast<char>(code >> shift & 0xff);
  return octets;
}

/// Hears the client's preface and its frames up to the request, having said our settings. False: it is gone.
inline bool hear_request(const PeerConnection& connection) {
  if (connection.hear("SM\r\n\r\n").empty() || !connection.say(kSettings)) return false;
  for (;;) {
    const std::string head = connection.hear_octets(9);
    if (head.size() < 9) return false;
    const auto octet = [&head](std::size_t at) { return static_cast<std::uint8_t>(head[at]); };
    connection.hear_octets(static_cast<std::size_t>(octet(0) << 16 | octet(1) << 8 | octet(2)));
    if (octet(3) == static_cast<std::uint8_t>(Type::headers)) return true;
  }
}

}  // namespace gslbd::test::http2
