// SPDX-License-Identifier: Apache-2.0
#include "health/http/curl_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "health/overdue.h"

namespace gslbd::health {
namespace {

// Bodies beyond this are not read: what a health page has to say stands at its beginning.
constexpr std::size_t kBodyLimit = 64 * 1024;
constexpr std::size_t kHeaderLimit = 64 * 1024;  // with the trailer
constexpr std::size_t kGrpcMessageLimit = 200;

// A timer that fires this late means that this process, not the target, was slow (as in engine.cc).
constexpr Duration kHeldUp = std::chrono::milliseconds(50);

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

Outcome slow(const HttpOptions& options) {
  return {Reason::timeout, "slow: no first octet within " + format_duration(options.max_ttfb)};
}

std::string url_host(const Address& address) {
  return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

Outcome header_too_large() {
  return {Reason::protocol, fmt::format("the header is larger than {} KiB", kHeaderLimit / 1024)};
}

/// When nghttp2, which reads the frames for libcurl, would have no more of them:
/// "...: nghttp2_session_mem_recv() returned -905:Too many CONTINUATION frames".
std::optional<Outcome> refused_frames(std::string_view text) {
  constexpr std::string_view kSaid = "nghttp2_session_mem_recv() returned ";
  const std::size_t at = text.find(kSaid);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + kSaid.size());
  if (text.starts_with("-902:"))
    return header_too_large();  // libcurl itself: its buffer for the header is full
  text.remove_prefix(std::min(text.size(), text.find(':') + 1));
  return Outcome{Reason::protocol, fmt::format("HTTP/2: {}", text)};
}

}  // namespace

CurlRequest::CurlRequest(SocketSet& sockets, CurlRequestOwner& owner)
    : loop_(sockets.loop()), owner_(owner), tunnel_(sockets, *this), easy_(curl_easy_init()) {}

CurlRequest::~CurlRequest() {
  loop_.cancel(first_octet_timer_);
}

bool CurlRequest::prepare(ProbeId id, const Check& check, const Address& address, ProbeListener& listener,
                          std::shared_ptr<const TlsTrust> trust) {
  if (!easy_) return false;
  id_ = id;
  listener_ = &listener;
  trust_ = std::move(trust);
  options_ = &check.as<HttpOptions>();
  header_size_ = 0;
  grpc_status_.clear();
  grpc_message_.clear();
  body_.clear();
  body_size_ = 0;
  body_cut_ = false;
  socket_error_ = 0;
  refused_ = false;
  ready_after_ = Duration{0};
  error_text_[0] = '\0';
  peer_ = {address, options_->port};
  return set_up(check, address);
}

void CurlRequest::begin() {
  begun_at_ = now();
  if (options_->max_ttfb > Duration{0}) expect_first_octet(begun_at_ + options_->max_ttfb);
  tunnel_.open(peer_);
}

void CurlRequest::end() {
  loop_.cancel(std::exchange(first_octet_timer_, {}));
  tunnel_.close();
}

void CurlRequest::tunnel_opened() {
  ready_after_ = now() - begun_at_;
  owner_.request_ready(*this);
}

void CurlRequest::tunnel_failed(Outcome outcome) {
  owner_.request_failed(*this, std::move(outcome));
}

// When the whole process was held up, the answer may be on its way to libcurl: it gets a little longer.
void CurlRequest::expect_first_octet(MonotonicTime at) {
  first_octet_timer_ = loop_.run_at(at, [this, at] {
    first_octet_timer_ = {};
    if (header_size_ > 0) return;
    if (now() - at > kHeldUp) return expect_first_octet(now() + kHeldUp);
    owner_.request_failed(*this, slow(*options_));
  });
}

bool CurlRequest::set_up(const Check& check, const Address& address) {
  const HttpOptions& o = check.as<HttpOptions>();
  CURL* const easy = easy_.get();
  curl_easy_reset(easy);
  bool ok = true;
  const auto set = [&ok, easy](CURLoption option, auto value) {
    ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  // The URL carries the name for TLS; connect-to sends the connection to the address, whatever the name.
  const std::string& name = o.tls_settings.host;
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
  set(CURLOPT_WRITEFUNCTION, &CurlRequest::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlRequest::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlRequest::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_text_));
  set(CURLOPT_PRIVATE, this);
  return ok && set_up_request(o) && set_up_headers(o) && (!o.tls || set_up_tls(o));
}

bool CurlRequest::set_up_request(const HttpOptions& o) {
  bool ok = true;
  const auto set = [&ok, easy = easy_.get()](CURLoption option, auto value) {
    ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  // Without TLS nothing can be negotiated: HTTP/2 is spoken from the first octet (RFC 9113 §3.3).
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(o.tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
  if (!o.request_body.empty()) {
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(o.request_body.size()));
    set(CURLOPT_POSTFIELDS, o.request_body.c_str());  // the options stay until the attempt has ended
  }
  if (o.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (o.method != "GET" || !o.request_body.empty()) {
    set(CURLOPT_CUSTOMREQUEST, o.method.c_str());
  }
  return ok;
}

bool CurlRequest::set_up_headers(const HttpOptions& o) {
  curl_slist* list = nullptr;
  bool ok = true;
  const auto append = [&list, &ok](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    ok = ok && longer != nullptr;
    if (longer != nullptr) list = longer;
  };
  append("User-Agent: gslbd");
  if (!o.request_body.empty()) append("Content-Type:");  // libcurl would claim it to be a form
  if (!o.host.empty()) append("Host: " + o.host);
  for (const auto& [name, value] : o.headers) {
    // libcurl's syntax: a semicolon sends a header without a value; a bare colon would remove it.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  headers_.reset(list);
  return ok && curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

bool CurlRequest::set_up_tls(const HttpOptions& o) {
  CURL* const easy = easy_.get();
  bool ok = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, o.tls_settings.verify ? 1L : 0L) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, o.tls_settings.verify ? 2L : 0L) == CURLE_OK;
  // Every probe does the whole handshake: a resumed session would skip the certificate.
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
  // libcurl would read and parse a file of authorities here, on the loop: some 25 ms for the system's, and no
  // end if its file system hangs. It is lent those that the other types use.
  ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &CurlRequest::on_ssl_context) == CURLE_OK;
  ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this) == CURLE_OK;
  return ok;
}

CURLcode CurlRequest::on_ssl_context(CURL*, void* ssl_ctx, void* self) {
  static_cast<CurlRequest*>(self)->trust_->lend_to(ssl_ctx);
  return CURLE_OK;
}

curl_socket_t CurlRequest::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  address->family = AF_UNIX;
  address->protocol = 0;
  auto& request = *static_cast<CurlRequest*>(self);
  if (!request.tunnel_.awaits_library()) {  // it would try again by itself, which RFC 9113 §8.7 allows
    request.refused_ = true;
    return CURL_SOCKET_BAD;
  }
  const int end = request.tunnel_.library_end(address->addr, address->addrlen);
  if (end >= 0) return end;
  request.socket_error_ = errno;
  return CURL_SOCKET_BAD;
}

// The status line, each line of the header and of the trailer.
std::size_t CurlRequest::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& request = *static_cast<CurlRequest*>(self);
  const std::size_t length = size * count;
  request.header_size_ += length;
  if (request.header_size_ > kHeaderLimit) return CURL_WRITEFUNC_ERROR;  // judge_error() says why
  request.note_header({data, length});
  return length;
}

void CurlRequest::note_header(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  constexpr std::string_view kStatus = "grpc-status: ";  // names are in lower case (RFC 9113 §8.2.1)
  constexpr std::string_view kMessage = "grpc-message: ";
  if (line.substr(0, kStatus.size()) == kStatus) {
    grpc_status_ = line.substr(kStatus.size(), 3);
  } else if (line.substr(0, kMessage.size()) == kMessage) {
    grpc_message_ = line.substr(kMessage.size(), kGrpcMessageLimit);
  }
}

std::size_t CurlRequest::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& request = *static_cast<CurlRequest*>(self);
  const std::size_t length = size * count;
  const std::size_t room = kBodyLimit - request.body_size_;
  const std::size_t taken = std::min(room, length);
  if (request.options_->wants_body()) request.body_.append(data, taken);
  request.body_size_ += taken;
  request.body_cut_ = request.body_size_ == kBodyLimit;
  return request.body_cut_ ? CURL_WRITEFUNC_ERROR : length;  // the error ends the transfer; judge() knows why
}

Outcome CurlRequest::judge(CURLcode code) const {
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && body_cut_)) return judge_response();
  return judge_error(code);
}

Outcome CurlRequest::judge_response() const {
  long version = 0;
  long status = 0;
  curl_off_t first_octet_us = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_STARTTRANSFER_TIME_T, &first_octet_us);
  if (version != CURL_HTTP_VERSION_2_0) return {Reason::protocol, "the peer does not speak HTTP/2"};
  const Duration first_octet = ready_after_ + std::chrono::microseconds(first_octet_us);
  if (options_->max_ttfb > Duration{0} && first_octet > options_->max_ttfb) return slow(*options_);
  return options_->judge({status, body_, body_size_, body_cut_, grpc_status_, grpc_message_});
}

Outcome CurlRequest::overdue(Duration timeout) const {
  if (tunnel_.failure()) return *tunnel_.failure();
  std::string so_far = tunnel_.so_far();
  if (so_far.empty()) return health::overdue({}, "connection", timeout);
  if (options_->tls) {
    curl_off_t secured_us = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_APPCONNECT_TIME_T, &secured_us);
    if (secured_us == 0) return health::overdue(so_far, "end of the TLS handshake", timeout);
    so_far += ", TLS handshake " + after(ready_after_ + std::chrono::microseconds(secured_us));
  }
  if (header_size_ == 0) return health::overdue(so_far, "answer to the request", timeout);
  so_far += fmt::format(", a header and {} octets of the body", body_size_);
  return health::overdue(so_far, "end of the answer", timeout);
}

/// When libcurl says only that nothing came.
std::string CurlRequest::without_answer() const {
  if (header_size_ > 0) return "the answer broke off";
  if (tunnel_.peer_has_closed()) return "the connection was closed without an answer";
  return "what the peer said is no answer in HTTP/2";
}

Outcome CurlRequest::judge_error(CURLcode code) const {
  if (header_size_ > kHeaderLimit) return header_too_large();
  if (tunnel_.failure()) return *tunnel_.failure();
  if (socket_error_ != 0) return outcome_of_errno(socket_error_);
  if (refused_) {
    return {Reason::protocol, "the peer refuses the request (HTTP/2 REFUSED_STREAM or HTTP_1_1_REQUIRED)"};
  }
  const std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  if (auto outcome = refused_frames(text)) return std::move(*outcome);
  switch (code) {
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
      return {Reason::reset, text};
    case CURLE_GOT_NOTHING:
      return {Reason::protocol, without_answer()};
    case CURLE_OUT_OF_MEMORY:
      return {Reason::resources, "out of memory"};
    case CURLE_HTTP2:
      return {Reason::protocol, "the HTTP/2 session ended without an answer"};
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PARTIAL_FILE:
      return {Reason::protocol, text};
    default:
      return {Reason::protocol, fmt::format("{} (libcurl error {})", text, static_cast<int>(code))};
  }
}

}  // namespace gslbd::health
