// SPDX-License-Identifier: Apache-2.0
#include "server/control/guard.h"

#include <algorithm>

#include "server/control/replies.h"

namespace gslbd::server {
namespace {

std::string lowercased(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// True when the request comes from a page of the admin address itself, or from no page at all. Browsers send
// Origin with every POST (Fetch, "append a request Origin header").
bool has_foreign_origin(const HttpRequest& request) {
  const std::string origin = lowercased(request.header("Origin"));
  if (origin.empty()) return false;
  const std::string host = lowercased(request.header("Host"));
  return host.empty() || (origin != "http://" + host && origin != "https://" + host);
}

HttpResponse unauthorized(const std::string& message) {
  HttpResponse response = json_error(401, message);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"gslbd\"");  // RFC 6750 §3
  return response;
}

}  // namespace

void Guard::set_token(std::string token) {
  const std::scoped_lock lock(mutex_);
  token_ = std::move(token);
}

std::optional<HttpResponse> Guard::refuse(const HttpRequest& request, std::string_view own_token) const {
  if (has_foreign_origin(request)) {
    return json_error(403, "a web page of another origin must not give commands");
  }
  std::string token;
  {
    const std::scoped_lock lock(mutex_);
    token = token_;
  }
  if (!token.empty() || !own_token.empty()) {
    if (has_bearer_token(request, token) || has_bearer_token(request, own_token)) return std::nullopt;
    return unauthorized(request.header("Authorization").empty()
                            ? "this needs a token: send it as \"Authorization: Bearer <token>\""
                            : "the token is wrong");
  }
  const std::string_view host = request.header("Host");
  if (!request.peer.is_loopback() || (!host.empty() && !is_loopback_host(host))) {
    return json_error(403,
                      "without admin.token_file commands are taken from this host alone, at its loopback "
                      "address");
  }
  return std::nullopt;
}

}  // namespace gslbd::server
