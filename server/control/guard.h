// SPDX-License-Identifier: Apache-2.0
#pragma once
// Guard: who may give commands over HTTP.
//
// With a token configured (admin.token_file) every command needs it, wherever it comes from. Without one only
// this host may command: its processes reach the admin address anyway. A web page that somebody looks at on
// this host must not: requests with an Origin that is not the admin address itself are refused, and so is,
// without a token, a Host that does not name loopback (DNS rebinding would make such an Origin look right).
//
// Thread: any; set_token() at the same time as others is fine.

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "server/admin/http_server.h"

namespace gslbd::server {

class Guard {
 public:
  /// Empty: none is configured.
  void set_token(std::string token);

  /// nullopt: the request may pass; else its refusal, 401 or 403. `own_token` opens this route too, beside
  /// the admin token; empty: there is none. A route with a token of its own is never open without one.
  std::optional<HttpResponse> refuse(const HttpRequest& request, std::string_view own_token = {}) const;

 private:
  mutable std::mutex mutex_;
  std::string token_;
};

}  // namespace gslbd::server
