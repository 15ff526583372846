// SPDX-License-Identifier: Apache-2.0
#include "health/types/http_request.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace gslbd::health {
namespace {

// Bodies beyond this are not read: what a health page has to say stands at its beginning.
constexpr std::size_t kBodyLimit = 64 * 1024;

std::string url_host(const Address& address) {
  return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

}  // namespace

HttpRequest::HttpRequest() : easy_(curl_easy_init()) {}
HttpRequest::~HttpRequest() = default;

bool HttpRequest::prepare(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  if (!easy_) return false;
  id_ = id;
  listener_ = &listener;
  options_ = &check.as<HttpOptions>();
  body_.clear();
  body_size_ = 0;
  body_cut_ = false;
  socket_error_ = 0;
  error_text_[0] = '\0';
  return set_up(check, address);
}

bool HttpRequest::set_up(const Check& check, const Address& address) {
  const HttpOptions& o = check.as<HttpOptions>();
  CURL* const easy = easy_.get();
  curl_easy_reset(easy);
  bool ok = true;
  const auto set = [&ok, easy](CURLoption option, auto value) {
    ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  // The URL carries the name for TLS; connect-to sends the connection to the address, whatever the name.
  const std::string& name = !o.sni.empty() ? o.sni : o.host;
  const std::string literal = url_host(address);
  const bool named = o.tls && !name.empty();
  set(CURLOPT_URL,
      fmt::format("{}://{}:{}{}", o.tls ? "https" : "http", named ? name : literal, o.port, o.path).c_str());
  set(CURLOPT_PROTOCOLS_STR, o.tls ? "https" : "http");
  set(CURLOPT_PATH_AS_IS, 1L);
  if (named) {
    connect_to_.reset(curl_slist_append(nullptr, fmt::format("::{}:{}", literal, o.port).c_str()));
    ok = ok && connect_to_ != nullptr;
    set(CURLOPT_CONNECT_TO, connect_to_.get());
  }
  set(CURLOPT_PROXY, "");  // also keeps the environment's proxies out
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (o.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (o.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, o.method.c_str());
  }
  set(CURLOPT_WRITEFUNCTION, &HttpRequest::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &HttpRequest::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_text_));
  set(CURLOPT_PRIVATE, this);
  return ok && set_up_headers(o) && (!o.tls || set_up_tls(o));
}

bool HttpRequest::set_up_headers(const HttpOptions& o) {
  curl_slist* list = nullptr;
  bool ok = true;
  const auto append = [&list, &ok](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    ok = ok && longer != nullptr;
    if (longer != nullptr) list = longer;
  };
  append("User-Agent: gslbd");
  append("Connection: close");
  if (!o.host.empty()) append("Host: " + o.host);
  for (const auto& [name, value] : o.headers) {
    // libcurl's syntax: a semicolon sends a header without a value; a bare colon would remove it.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  headers_.reset(list);
  return ok && curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

bool HttpRequest::set_up_tls(const HttpOptions& o) {
  CURL* const easy = easy_.get();
  bool ok = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, o.tls_verify ? 1L : 0L) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, o.tls_verify ? 2L : 0L) == CURLE_OK;
  // Every probe does the whole handshake: a resumed session would skip the certificate.
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK;
  if (!o.ca_file.empty()) ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, o.ca_file.c_str()) == CURLE_OK;
  // libcurl keeps the parsed authorities between probes, but only without a directory of them: parsing the
  // bundle costs some 25 ms. It would keep them for a day; a rotated file must count sooner.
  constexpr long kAuthoritiesKept_s = 60;
  ok = ok && curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, kAuthoritiesKept_s) == CURLE_OK;
  return ok;
}

// Closing with a reset after the response has been read leaves no port behind in TIME_WAIT (see
// tcp_check.cc).
curl_socket_t HttpRequest::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const int socket =
      ::socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) {
    static_cast<HttpRequest*>(self)->socket_error_ = errno;
    return CURL_SOCKET_BAD;
  }
  const linger reset_on_close{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
  return socket;
}

std::size_t HttpRequest::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& request = *static_cast<HttpRequest*>(self);
  const std::size_t length = size * count;
  const std::size_t room = kBodyLimit - request.body_size_;
  const std::size_t taken = std::min(room, length);
  if (request.options_->body) request.body_.append(data, taken);
  request.body_size_ += taken;
  request.body_cut_ = request.body_size_ == kBodyLimit;
  return request.body_cut_ ? CURL_WRITEFUNC_ERROR : length;  // the error ends the transfer; judge() knows why
}

Outcome HttpRequest::judge(CURLcode code) const {
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && body_cut_)) return judge_response();
  return judge_error(code);
}

Outcome HttpRequest::judge_response() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (!options_->wants_status(status)) {
    return {Reason::status, fmt::format("HTTP {}, wanted {}", status, format_status(options_->status))};
  }
  if (options_->body && !options_->body->matches(body_)) {
    return {Reason::body,
            fmt::format("no \"{}\" in the first {} octets of the body", options_->body->text(), body_size_)};
  }
  return {Reason::pass, fmt::format("HTTP {}", status)};
}

Outcome HttpRequest::judge_error(CURLcode code) const {
  if (socket_error_ != 0) return outcome_of_errno(socket_error_);
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  const std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return os_error != 0 ? outcome_of_errno(static_cast<int>(os_error))
                           : Outcome{Reason::unreachable, text};
    case CURLE_OPERATION_TIMEDOUT:
      return {Reason::timeout, text};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return {Reason::tls,
              std::string(without_prefix(without_prefix(text, "SSL certificate problem: "), "SSL: "))};
    case CURLE_SSL_CACERT_BADFILE:
      return {Reason::internal, text};  // the trust store is ours, not the target's
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (os_error == ECONNRESET || os_error == EPIPE) return outcome_of_errno(static_cast<int>(os_error));
      return {Reason::reset, text};
    case CURLE_GOT_NOTHING:
      return {Reason::protocol, "the connection was closed without an answer"};
    case CURLE_OUT_OF_MEMORY:
      return {Reason::resources, "out of memory"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PARTIAL_FILE:
      return {Reason::protocol, text};
    default:
      return {Reason::protocol, fmt::format("{} (libcurl error {})", text, static_cast<int>(code))};
  }
}

}  // namespace gslbd::health
