// SPDX-License-Identifier: Apache-2.0
#pragma once
// HttpServer: the admin surface's HTTP, a table of routes in front of civetweb. It serves what the routes
// return and nothing else: no files, no directories, no scripts.
//
// Unknown paths get 404, known ones under another method 405 with Allow, bodies where none belongs 400, too
// large ones 413. HEAD is answered by the GET route. On a loopback address the Host header must name loopback
// too, so that a web page cannot reach the server through a name it points here (DNS rebinding): 421
// otherwise.
//
// Thread: start() and the destructor on one thread. Handlers run on the server's own threads, at the same
// time; the destructor waits for them.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/result.h"

namespace gslbd::server {

struct HttpRequest {
  std::string method;  ///< "GET", "POST", …; a HEAD shows as "GET"
  std::string path;    ///< decoded, without the query
  std::string query;   ///< behind the "?", as sent
  std::string body;
  Address peer;
  std::vector<std::pair<std::string, std::string>> headers;

  /// The first header of that name in any letter case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct Route {
  std::string method;  ///< "GET" or "POST"
  std::string path;    ///< begins with "/"
  std::function<HttpResponse(const HttpRequest&)> handler;
  /// Also everything below: the path "/api/v1/targets/" with what follows. The longest path wins.
  bool is_prefix = false;
};

class HttpServer {
 public:
  static constexpr std::size_t kMaxBodySize = 64 * 1024;

  /// Port 0: the kernel chooses, see endpoint(). Errors: "cannot listen on 127.0.0.1:9153: Address already in
  /// use".
  static Result<HttpServer> start(const Endpoint& listen, std::vector<Route> routes);
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;
  /// Finishes the requests in progress.
  ~HttpServer();

  /// Where it listens, with the real port.
  const Endpoint& endpoint() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// True when the request carries "Authorization: Bearer <token>". Takes the same time wherever the first
/// difference is. An empty token matches nothing.
bool has_bearer_token(const HttpRequest& request, std::string_view token);

/// True for "localhost" and loopback addresses, with or without a port, as a Host header has them.
bool is_loopback_host(std::string_view host);

}  // namespace gslbd::server
