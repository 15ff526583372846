// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one hook is told to do.
//
// Thread: plain data.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace gslbd::server {

struct HookSettings {
  enum class Type : std::uint8_t { webhook, exec, mail };
  enum class Tls : std::uint8_t { opportunistic, required, off };

  Type type = Type::webhook;
  std::string name;             ///< in metrics and the log
  std::vector<std::string> on;  ///< kinds of entries it tells of
  Duration group = std::chrono::seconds(2);
  Duration timeout = std::chrono::seconds(5);
  std::uint32_t retries = 3;
  std::uint32_t max_per_minute = 10;

  // webhook
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string ca_file;  ///< resolved, for TLS to webhooks and mail servers; empty: the system's
  // exec; the program with its path
  std::vector<std::string> command;
  // mail
  std::string smtp;  ///< a URL
  std::string from;
  std::vector<std::string> to;
  std::string user;
  std::string password_file;  ///< resolved; empty: none
  Tls tls = Tls::opportunistic;

  bool operator==(const HookSettings&) const = default;
};

/// At most this many: each has a thread.
inline constexpr std::size_t kMostHooks = 32;

}  // namespace gslbd::server
