// SPDX-License-Identifier: Apache-2.0
#include "server/admin/http_server.h"

#include <civetweb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <system_error>
#include <thread>

#include "core/log.h"
#include "core/signals_blocked.h"
#include "server/admin/http_routes.h"

namespace gslbd::server {
namespace {

tl::unexpected<Error> cannot_listen(const Endpoint& endpoint, std::string_view why) {
  return fail("cannot listen on " + endpoint.to_string() + ": " + std::string(why));
}

// The HTTP library says only that it could not bind: a socket of our own finds out why.
Result<void> probe(const Endpoint& endpoint) {
  const int fd = ::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_listen(endpoint, std::generic_category().message(errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage sa;
  const socklen_t length = endpoint.to_sockaddr(sa);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&sa), length) == 0;
  const int error = errno;
  ::close(fd);
  if (!bound) return cannot_listen(endpoint, std::generic_category().message(error));
  return {};
}

HttpResponse refusal(int status, const char* why) {
  return {status, "text/plain; charset=utf-8", why};
}

HttpRequest describe(const mg_request_info& info) {
  HttpRequest request;
  request.method = info.request_method != nullptr ? info.request_method : "";
  request.path = info.local_uri != nullptr ? info.local_uri : "";
  request.query = info.query_string != nullptr ? info.query_string : "";
  if (const auto peer = Address::parse(info.remote_addr)) request.peer = *peer;
  for (int i = 0; i < info.num_headers; ++i) {
    request.headers.emplace_back(info.http_headers[i].name, info.http_headers[i].value);
  }
  return request;
}

// Reads the body into the request; a response when it is refused.
std::optional<HttpResponse> read_body(mg_connection* connection, HttpRequest& request) {
  const bool chunked = !request.header("Transfer-Encoding").empty();
  const std::string_view length = request.header("Content-Length");
  if (!chunked && (length.empty() || length == "0")) return std::nullopt;  // RFC 9112 §6.3: there is none
  if (request.method != "POST") return refusal(400, "a body does not belong here\n");
  std::array<char, 4096> chunk;
  for (;;) {
    const int n = mg_read(connection, chunk.data(), chunk.size());
    if (n < 0) return refusal(400, "the body could not be read\n");
    if (n == 0) return std::nullopt;
    request.body.append(chunk.data(), static_cast<std::size_t>(n));
    if (request.body.size() > HttpServer::kMaxBodySize) return refusal(413, "the body is too large\n");
  }
}

void write_response(mg_connection* connection, const HttpResponse& response, bool with_body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(reason_phrase(response.status)) +
                    "\r\nContent-Type: " + response.content_type +
                    "\r\nContent-Length: " + std::to_string(response.body.size()) +
                    "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  out += "\r\n";
  if (with_body) out += response.body;
  mg_write(connection, out.data(), out.size());
}

}  // namespace

struct HttpServer::Impl {
  Endpoint endpoint;
  std::vector<Route> routes;
  mg_context* context = nullptr;

  Impl() { mg_init_library(MG_FEATURES_DEFAULT); }
  ~Impl() {
    if (context != nullptr) stop();
    mg_exit_library();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  HttpResponse respond(mg_connection* connection, HttpRequest& request) const;
  Result<void> open();
  void stop();
};

// The library looks at its stop flag after each connection, or after two seconds: connections that come and
// go make it look now.
void HttpServer::Impl::stop() {
  std::promise<void> stopped;
  auto done = stopped.get_future();
  std::thread stopper([&] {
    mg_stop(context);
    stopped.set_value();
  });
  do {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    sockaddr_storage sa;
    const socklen_t length = endpoint.to_sockaddr(sa);
    // Whether it connects is no matter: the attempt wakes the library's accept.
    (void)::connect(fd, reinterpret_cast<const sockaddr*>(&sa), length);
    ::close(fd);
  } while (done.wait_for(std::chrono::milliseconds(10)) == std::future_status::timeout);
  stopper.join();
}

HttpResponse HttpServer::Impl::respond(mg_connection* connection, HttpRequest& request) const {
  const std::string_view host = request.header("Host");
  if (endpoint.address.is_loopback() && !host.empty() && !is_loopback_host(host)) {
    return refusal(421, "this address answers to localhost only\n");
  }
  if (auto refused = read_body(connection, request)) return *refused;
  return dispatch(routes, request);
}

Result<void> HttpServer::Impl::open() {
  mg_callbacks callbacks{};
  // Sees every request first and answers them all: the library's own file serving is never reached.
  callbacks.begin_request = [](mg_connection* connection) {
    const auto& me = *static_cast<const Impl*>(mg_get_user_data(mg_get_context(connection)));
    try {
      HttpRequest request = describe(*mg_get_request_info(connection));
      const bool head = request.method == "HEAD";
      if (head) request.method = "GET";
      const HttpResponse response = me.respond(connection, request);
      write_response(connection, response, !head);
      return response.status;
    } catch (const std::exception& e) {
      log::error("an HTTP request failed: {}", e.what());
      return 500;  // without an answer; the library closes the connection
    }
  };
  callbacks.log_message = [](const mg_connection*, const char* message) {
    log::debug("http: {}", message);
    return 1;  // we have logged it: the library need not
  };
  const std::string port = endpoint.to_string();
  const char* options[] = {"listening_ports",
                           port.c_str(),
                           "num_threads",
                           "16",  // so that a few silent connections do not starve a liveness probe
                           "request_timeout_ms",
                           "2000",
                           "enable_directory_listing",
                           "no",
                           "enable_keep_alive",
                           "no",
                           "max_request_size",
                           "16384",
                           nullptr};
  mg_init_data init{&callbacks, this, options};
  std::array<char, 256> text{};
  mg_error_data error{nullptr, text.data(), text.size()};
  const SignalsBlocked blocked;
  context = mg_start2(&init, &error);
  if (context == nullptr) return cannot_listen(endpoint, text.data());
  mg_server_port bound{};
  if (mg_get_server_ports(context, 1, &bound) == 1) endpoint.port = static_cast<std::uint16_t>(bound.port);
  return {};
}

Result<HttpServer> HttpServer::start(const Endpoint& listen, std::vector<Route> routes) {
  if (!listen.address.is_v4() && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return cannot_listen(listen,
                         "the HTTP library of this system is built without IPv6; use an IPv4 address");
  }
  if (const auto usable = probe(listen); !usable) return tl::unexpected(usable.error());
  auto impl = std::make_unique<Impl>();
  impl->endpoint = listen;
  impl->routes = std::move(routes);
  if (const auto opened = impl->open(); !opened) return tl::unexpected(opened.error());
  return HttpServer(std::move(impl));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

const Endpoint& HttpServer::endpoint() const {
  return impl_->endpoint;
}

}  // namespace gslbd::server
