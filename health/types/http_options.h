// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check types http and https are told.
//
// Thread: immutable once read; any.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health/body_pattern.h"
#include "health/check.h"

namespace gslbd::health {

/// Both ends belong to the range.
struct StatusRange {
  std::uint16_t first;
  std::uint16_t last;
};

struct HttpOptions final : CheckOptions {
  bool tls = false;
  std::uint16_t port = 80;
  std::string path = "/";
  std::string method = "GET";
  std::string host;  ///< the Host header as it is sent; empty: the address
  std::string sni;   ///< the name in the TLS handshake and in the certificate; empty: host
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<StatusRange> status{{200, 299}};
  std::shared_ptr<const BodyPattern> body;  ///< null: any body will do
  bool tls_verify = true;
  std::string ca_file;  ///< empty: the system's authorities

  bool wants_status(long code) const;
};

/// "200", "200-299, 404": status ranges as messages print them.
std::string format_status(const std::vector<StatusRange>& ranges);

}  // namespace gslbd::health
