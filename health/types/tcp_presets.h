// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ready-made conversations of the check type tcp: enough of each protocol to know that the server behind the
// port is the right one and takes clients, and to leave without a trace in its logs where that can be had.
//
// Thread: constants; any.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace gslbd::health {

struct TcpPresetStep {
  std::string_view send;
  std::string_view expect;  ///< regular expression (RE2)
};

struct TcpPreset {
  std::string_view name;
  std::string_view what;  ///< "SMTP server": for messages
  std::uint16_t port;
  std::uint16_t tls_port;              ///< with "tls": true; 0: the protocol has no such port
  std::array<TcpPresetStep, 2> steps;  ///< those without `expect` do not exist
  std::string_view farewell;
  bool first_line;  ///< the first line of an answer decides; else an answer may come in pieces
};

std::span<const TcpPreset> tcp_presets();

}  // namespace gslbd::health
