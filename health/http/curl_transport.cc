// SPDX-License-Identifier: Apache-2.0
#include "health/http/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "health/http/curl_request.h"
#include "health/uv_loop.h"

namespace gslbd::health {
namespace {

// Handles kept for reuse. More than this many at once happens only after a burst; the rest is freed.
constexpr std::size_t kPoolLimit = 256;

const Outcome kNoMemory{Reason::resources, "cannot set up an HTTP request: out of memory"};

class CurlTransport final : public Transport, private CurlRequestOwner {
 public:
  explicit CurlTransport(UvLoop& loop);
  ~CurlTransport() override;

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override;
  void cancel(ProbeId id, const Check&) override;

 private:
  void request_ready(CurlRequest& request) override;
  void request_failed(CurlRequest& request, Outcome outcome) override;
  std::unique_ptr<CurlRequest> take_from_pool();
  void give_back(std::unique_ptr<CurlRequest> request);
  void socket_ready(int socket, bool readable, bool writable, int error);
  void act(curl_socket_t socket, int events);
  void collect_finished();
  void finish(ProbeId id, Outcome outcome);
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM*, long timeout_ms, void* self);

  UvLoop& loop_;
  SocketSet sockets_;  // outlives the requests
  CURLM* multi_;
  TimerId timer_;
  bool collecting_ = false;
  std::unordered_map<ProbeId, std::unique_ptr<CurlRequest>> running_;
  std::vector<std::unique_ptr<CurlRequest>> pool_;
};

CurlTransport::CurlTransport(UvLoop& loop) : loop_(loop), sockets_(loop) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = initialised == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi_ == nullptr) return;  // every start() reports it
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlTransport::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlTransport::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlTransport::~CurlTransport() {
  while (!running_.empty()) give_back(std::move(running_.extract(running_.begin()).mapped()));
  pool_.clear();
  loop_.cancel(timer_);
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
}

void CurlTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const auto& options = check.as<HttpOptions>();
  std::shared_ptr<const TlsTrust> trust;
  if (options.tls) {
    auto current = TlsTrust::current(options.tls_settings, loop_.side_work());
    if (!current) return listener.probe_ended(id, {Reason::internal, current.error().message});
    trust = std::move(*current);
  }
  auto request = take_from_pool();
  if (multi_ == nullptr || !request->prepare(id, check, address, listener, std::move(trust))) {
    return listener.probe_ended(id, kNoMemory);
  }
  CurlRequest& begun = *request;
  running_.emplace(id, std::move(request));
  begun.begin();
}

void CurlTransport::request_ready(CurlRequest& request) {
  if (curl_multi_add_handle(multi_, request.handle()) != CURLM_OK) finish(request.id(), kNoMemory);
}

void CurlTransport::request_failed(CurlRequest& request, Outcome outcome) {
  finish(request.id(), std::move(outcome));
}

std::optional<Outcome> CurlTransport::overdue(ProbeId id, const Check& check) {
  const auto found = running_.find(id);
  if (found == running_.end()) return std::nullopt;
  return found->second->overdue(check.timeout);
}

void CurlTransport::cancel(ProbeId id, const Check&) {
  auto node = running_.extract(id);
  if (!node.empty()) give_back(std::move(node.mapped()));
}

std::unique_ptr<CurlRequest> CurlTransport::take_from_pool() {
  if (pool_.empty()) return std::make_unique<CurlRequest>(sockets_, static_cast<CurlRequestOwner&>(*this));
  auto request = std::move(pool_.back());
  pool_.pop_back();
  return request;
}

void CurlTransport::give_back(std::unique_ptr<CurlRequest> request) {
  curl_multi_remove_handle(multi_, request->handle());  // in vain when it never came that far
  request->end();
  if (pool_.size() < kPoolLimit) pool_.push_back(std::move(request));
}

// libcurl tells which sockets it waits for; the watch travels with the socket as libcurl's per-socket
// pointer.
int CurlTransport::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* watch_pointer) {
  auto& transport = *static_cast<CurlTransport*>(self);
  auto* watch = static_cast<SocketWatch*>(watch_pointer);
  if (what == CURL_POLL_REMOVE) {
    delete watch;
    curl_multi_assign(transport.multi_, socket, nullptr);
    return 0;
  }
  if (watch == nullptr) {
    watch = new SocketWatch(transport.loop_, socket,
                            [&transport, socket](bool readable, bool writable, int error) {
                              transport.socket_ready(socket, readable, writable, error);
                            });
    curl_multi_assign(transport.multi_, socket, watch);
  }
  // A socket that cannot be watched ends in the probe's timeout; that is rare enough not to need its own way.
  watch->watch((what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  return 0;
}

int CurlTransport::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& transport = *static_cast<CurlTransport*>(self);
  transport.loop_.cancel(transport.timer_);
  transport.timer_ = {};
  if (timeout_ms < 0) return 0;
  // libcurl must not be called from its own callback, so even 0 goes by way of the loop.
  transport.timer_ =
      transport.loop_.run_at(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms),
                             [&transport] { transport.act(CURL_SOCKET_TIMEOUT, 0); });
  return 0;
}

void CurlTransport::socket_ready(int socket, bool readable, bool writable, int error) {
  act(socket, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0) |
                  (error != 0 ? CURL_CSELECT_ERR : 0));
}

void CurlTransport::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  collect_finished();
}

void CurlTransport::collect_finished() {
  if (collecting_) return;
  collecting_ = true;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CurlRequest* finished = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &finished);
    finish(finished->id(), finished->judge(message->data.result));
  }
  collecting_ = false;
}

// The listener may start and cancel probes: the one that is reported has left our books before.
void CurlTransport::finish(ProbeId id, Outcome outcome) {
  auto node = running_.extract(id);
  ProbeListener& listener = node.mapped()->listener();
  give_back(std::move(node.mapped()));
  listener.probe_ended(id, std::move(outcome));
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(UvLoop& loop) {
  return std::make_unique<CurlTransport>(loop);
}

}  // namespace gslbd::health
