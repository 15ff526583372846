// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the check types http and https are told, and what is made of it once when the check loads.
//
// Thread: immutable once read; any.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health/body_pattern.h"
#include "health/check.h"
#include "health/http/json_expectation.h"
#include "health/http/judgement.h"
#include "health/http/request_text.h"
#include "health/stream/tls.h"

namespace gslbd::health {

/// Both ends belong to the range.
struct StatusRange {
  std::uint16_t first;
  std::uint16_t last;
};

enum class HttpVersion : std::uint8_t { v1_1, v2 };

struct HttpOptions : CheckOptions {
  bool tls = false;
  std::uint16_t port = 80;
  HttpVersion version = HttpVersion::v1_1;
  std::string path = "/";
  std::string method = "GET";
  std::string host;  ///< the Host header as it is sent; empty: the address
  std::string sni;   ///< the name in the TLS handshake and in the certificate; empty: host
  std::vector<std::pair<std::string, std::string>> headers;
  std::string request_body;
  std::vector<StatusRange> status{{200, 299}};
  std::shared_ptr<const BodyPattern> body;      ///< null: any body will do
  std::shared_ptr<const JsonExpectation> json;  ///< null: it need not be JSON
  Duration max_ttfb{0};                         ///< 0: only the timeout counts
  int follow_redirects = 0;                     ///< how many at most
  bool reuse = false;                           ///< probes share connections
  TlsSettings tls_settings;                     ///< of https; its host is set by finish()

  // Made of the above by finish().
  RequestText request;
  std::string tls_identity;  ///< what two checks must have in common to share a TLS connection; empty: plain

  /// What a complete answer says about the target.
  virtual Outcome judge(const HttpAnswer& answer) const;
  /// Composes what every probe needs; after all options were read.
  void finish();
  bool wants_status(long code) const;
  virtual bool wants_body() const { return body != nullptr || json != nullptr; }
};

/// "200", "200-299, 404": status ranges as messages print them.
std::string format_status(const std::vector<StatusRange>& ranges);

}  // namespace gslbd::health
