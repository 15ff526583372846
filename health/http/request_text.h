// SPDX-License-Identifier: Apache-2.0
#pragma once
// An HTTP/1.1 request as it is sent, composed once when its check loads. Only the address is filled in later:
// as the Host where the check names none.
//
// Thread: immutable once composed; any.

#include <cstdint>
#include <string>

#include "core/address.h"

namespace gslbd::health {

struct HttpOptions;

class RequestText {
 public:
  RequestText() = default;
  /// `o`'s request, but for this method and path; a body only when `with_body`.
  RequestText(const HttpOptions& o, const std::string& method, const std::string& path, bool with_body);

  void append_to(std::string& out, const Address& address) const;

 private:
  std::string before_address_;
  std::string after_address_;  ///< empty: the check names its host, all stands before
};

/// The target as a Host header names it: IPv6 in brackets, the port unless it is the scheme's own.
std::string host_of_address(const Address& address, std::uint16_t port, bool tls);

}  // namespace gslbd::health
