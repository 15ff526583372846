// SPDX-License-Identifier: Apache-2.0
// The admin surface's HTTP over real sockets: what is routed, what is refused.

#include "server/admin/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "server/admin/http_routes.h"
#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}

HttpResponse text(std::string body) {
  return {200, "text/plain", std::move(body)};
}

std::vector<Route> routes() {
  return {
      {"GET", "/", [](const HttpRequest&) { return text("front"); }},
      {"GET", "/echo", [](const HttpRequest& r) { return text(r.method + " " + r.path + " " + r.query); }},
      {"GET", "/deep/", [](const HttpRequest& r) { return text("below " + r.path); }, true},
      {"GET", "/deep/exact", [](const HttpRequest&) { return text("exact"); }},
      {"GET", "/peer", [](const HttpRequest& r) { return text(r.peer.to_string()); }},
      {"GET", "/both", [](const HttpRequest&) { return text("got"); }},
      {"POST", "/both", [](const HttpRequest& r) { return text("posted " + r.body); }},
      {"POST", "/secret",
       [](const HttpRequest& r) {
         return has_bearer_token(r, "open sesame") ? text("in") : HttpResponse{401, "text/plain", "out"};
       }},
      {"GET", "/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("on purpose"); }},
  };
}

HttpServer start(std::string_view listen = "127.0.0.1:0") {
  auto server = HttpServer::start(at(listen), routes());
  if (!server) FAIL(server.error().message);
  return std::move(*server);
}

// Sends the octets and returns all that comes back until the server closes.
std::string converse(const HttpServer& server, const std::string& octets) {
  const Endpoint& to = server.endpoint();
  const int fd = ::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  const timeval ten_seconds{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
  sockaddr_storage sa;
  const socklen_t length = to.to_sockaddr(sa);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&sa), length) == 0);
  std::string_view rest = octets;
  while (!rest.empty()) {
    const ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n <= 0) break;  // refused before it has read everything
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer;
}

std::string request(const HttpServer& server, const std::string& line, const std::string& headers = "",
                    const std::string& body = "") {
  return converse(server, line + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body);
}

std::string status_of(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}
std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

TEST_CASE("a route is found by its exact path or the longest prefix", "[admin]") {
  const HttpServer server = start();
  CHECK(server.endpoint().port != 0);
  CHECK(status_of(request(server, "GET /")) == "HTTP/1.1 200 OK");
  CHECK(body_of(request(server, "GET /")) == "front");
  CHECK(body_of(request(server, "GET /echo?a=b&c")) == "GET /echo a=b&c");
  CHECK(body_of(request(server, "GET /deep/er/still")) == "below /deep/er/still");
  CHECK(body_of(request(server, "GET /deep/exact")) == "exact");
  CHECK(body_of(request(server, "GET /peer")) == "127.0.0.1");
}

TEST_CASE("unknown paths are not found: no file or directory is served", "[admin]") {
  const HttpServer server = start();
  for (const char* path : {"/nothing", "/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                           "/tmp/", "/index.html", "/deep", "/x.cgi", "/x.lua", "/x.shtml"}) {
    INFO(path);
    CHECK(status_of(request(server, std::string("GET ") + path)) == "HTTP/1.1 404 Not Found");
  }
}

TEST_CASE("the wrong method is refused with those allowed", "[admin]") {
  const HttpServer server = start();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const std::string answer = request(server, std::string(method) + " /echo");
    INFO(method);
    CHECK(status_of(answer) == "HTTP/1.1 405 Method Not Allowed");
    CHECK(answer.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
  }
  CHECK(request(server, "PUT /both").find("\r\nAllow: GET, HEAD, POST\r\n") != std::string::npos);
  CHECK(request(server, "GET /secret").find("\r\nAllow: POST\r\n") != std::string::npos);
}

TEST_CASE("HEAD has the headers of GET and no body", "[admin]") {
  const HttpServer server = start();
  const std::string answer = request(server, "HEAD /");
  CHECK(status_of(answer) == "HTTP/1.1 200 OK");
  CHECK(answer.find("\r\nContent-Length: 5\r\n") != std::string::npos);
  CHECK(body_of(answer).empty());
}

TEST_CASE("a POST has a body, within the limit; a GET has none", "[admin]") {
  const HttpServer server = start();
  CHECK(body_of(request(server, "POST /both", "Content-Length: 5\r\n", "hello")) == "posted hello");
  CHECK(body_of(request(server, "POST /both", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")) ==
        "posted abc");
  CHECK(body_of(request(server, "POST /both")) == "posted ");
  CHECK(status_of(request(server, "GET /both", "Content-Length: 5\r\n", "hello")) ==
        "HTTP/1.1 400 Bad Request");
  const std::string large(HttpServer::kMaxBodySize + 1, 'x');
  const std::string length = "Content-Length: " + std::to_string(large.size()) + "\r\n";
  CHECK(status_of(request(server, "POST /both", length, large)) == "HTTP/1.1 413 Content Too Large");
}

TEST_CASE("a handler that throws is a 500, and the server lives", "[admin]") {
  const HttpServer server = start();
  CHECK(status_of(request(server, "GET /throws")) == "HTTP/1.1 500 Internal Server Error");
  CHECK(body_of(request(server, "GET /")) == "front");
}

TEST_CASE("requests that are not HTTP get an error of the 400s or nothing", "[admin]") {
  const HttpServer server = start();
  for (const std::string& octets :
       {std::string("nonsense\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(64, '\0'),
        "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n"}) {
    const std::string answer = converse(server, octets + "\r\n\r\n");
    INFO(answer);
    CHECK((answer.empty() || answer.starts_with("HTTP/1.0 4") || answer.starts_with("HTTP/1.1 4")));
  }
  CHECK(body_of(request(server, "GET /")) == "front");
}

TEST_CASE("a loopback server answers to loopback names alone", "[admin]") {
  const HttpServer server = start();
  const auto status = [&](const std::string& host) {
    return status_of(converse(server, "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
  };
  CHECK(status("localhost:9153") == "HTTP/1.1 200 OK");
  CHECK(status("127.0.0.1:9153") == "HTTP/1.1 200 OK");
  CHECK(status("[::1]:9153") == "HTTP/1.1 200 OK");
  CHECK(status("evil.example") == "HTTP/1.1 421 Misdirected Request");
  CHECK(status("192.0.2.1:9153") == "HTTP/1.1 421 Misdirected Request");
  CHECK_FALSE(is_loopback_host("127.0.0.1.evil.example"));
  CHECK_FALSE(is_loopback_host("localhost.evil.example"));
  CHECK_FALSE(is_loopback_host(""));
  CHECK_FALSE(is_loopback_host("["));
  CHECK(is_loopback_host("LOCALHOST"));
}

TEST_CASE("a bearer token must match to the last octet", "[admin]") {
  const HttpServer server = start();
  const auto status = [&](const std::string& value) {
    return status_of(request(server, "POST /secret", "authorization: " + value + "\r\n"));
  };
  CHECK(status("Bearer open sesame") == "HTTP/1.1 200 OK");
  for (const char* wrong : {"Bearer open sesamf", "Bearer open sesam", "Bearer open sesame!",
                            "Basic open sesame", "Bearer ", "open sesame", "Bearer open sesameopen sesame"}) {
    INFO(wrong);
    CHECK(status(wrong) == "HTTP/1.1 401 Unauthorized");
  }
  CHECK(status_of(request(server, "POST /secret")) == "HTTP/1.1 401 Unauthorized");
  CHECK_FALSE(has_bearer_token({"POST", "/", "", "", {}, {{"Authorization", "Bearer "}}}, ""));
}

TEST_CASE("it listens on IPv6, or says why not", "[admin]") {
  const auto server = HttpServer::start(at("[::1]:0"), routes());
  if (server) {
    CHECK(body_of(request(*server, "GET /peer")) == "::1");
  } else {  // Debian 12 builds its HTTP library so
    CHECK(server.error().message ==
          "cannot listen on [::1]:0: the HTTP library of this system is built without IPv6; use an IPv4 "
          "address");
  }
}

TEST_CASE("an address that cannot be listened on is an error with the reason", "[admin]") {
  const HttpServer server = start();
  const auto second = HttpServer::start(server.endpoint(), routes());
  REQUIRE_FALSE(second);
  CHECK(second.error().message ==
        "cannot listen on " + server.endpoint().to_string() + ": Address already in use");
  const auto foreign = HttpServer::start(at("192.0.2.1:0"), routes());
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().message == "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST_CASE("stopping frees the port, also with a connection that says nothing", "[admin]") {
  Endpoint endpoint;
  int fd = -1;
  {
    const HttpServer server = start();
    endpoint = server.endpoint();
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_storage sa;
    const socklen_t length = endpoint.to_sockaddr(sa);
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&sa), length) == 0);
    CHECK(body_of(request(server, "GET /")) == "front");
  }
  CHECK(HttpServer::start(endpoint, routes()).has_value());
  ::close(fd);
}

}  // namespace
}  // namespace gslbd::server
