// SPDX-License-Identifier: Apache-2.0
#pragma once
// One HTTP/2 request of a probe: a libcurl easy handle, set up for a check and an address, the tunnel to the
// peer that it speaks through, and the judgement of what came back. The transport pools and reuses requests:
// making a handle costs more than setting one up again.
//
// Invariants: header and body that are kept are bounded, whatever the peer sends.
//
// Thread: the loop's.

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/address.h"
#include "health/check.h"
#include "health/http/tunnel.h"
#include "health/transport.h"
#include "health/types/http_options.h"

namespace gslbd::health {

class CurlRequest;

/// Either call may destroy the request.
class CurlRequestOwner {
 public:
  /// Connected: the handle may be given to libcurl.
  virtual void request_ready(CurlRequest& request) = 0;
  /// It is over, and libcurl has said nothing of it. May come from inside begin().
  virtual void request_failed(CurlRequest& request, Outcome outcome) = 0;

 protected:
  ~CurlRequestOwner() = default;
};

class CurlRequest final : private TunnelOwner {
 public:
  CurlRequest(SocketSet& sockets, CurlRequestOwner& owner);
  ~CurlRequest();
  CurlRequest(const CurlRequest&) = delete;
  CurlRequest& operator=(const CurlRequest&) = delete;

  /// Sets the handle up for the next attempt. False when libcurl has no memory for it. `check` must stay
  /// until the attempt has ended.
  /// `trust` is needed for TLS alone.
  bool prepare(ProbeId id, const Check& check, const Address& address, ProbeListener& listener,
               std::shared_ptr<const TlsTrust> trust);
  /// Connects.
  void begin();
  /// The attempt is over; libcurl has let go of the handle.
  void end();
  /// What the attempt, which libcurl ended with `code`, means.
  Outcome judge(CURLcode code) const;

  /// What to say of an attempt whose time is up.
  Outcome overdue(Duration timeout) const;

  CURL* handle() const { return easy_.get(); }
  ProbeId id() const { return id_; }
  ProbeListener& listener() const { return *listener_; }

 private:
  void tunnel_opened() override;
  void tunnel_failed(Outcome outcome) override;
  void expect_first_octet(MonotonicTime at);

  bool set_up(const Check& check, const Address& address);
  bool set_up_request(const HttpOptions& options);
  bool set_up_tls(const HttpOptions& options);
  bool set_up_headers(const HttpOptions& options);
  Outcome judge_response() const;
  Outcome judge_error(CURLcode code) const;
  std::string without_answer() const;
  void note_header(std::string_view line);
  static CURLcode on_ssl_context(CURL*, void* ssl_ctx, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  struct EasyDelete {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListDelete {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  UvLoop& loop_;
  CurlRequestOwner& owner_;
  Tunnel tunnel_;  // outlives the handle that uses it
  std::unique_ptr<CURL, EasyDelete> easy_;
  std::unique_ptr<curl_slist, ListDelete> headers_;
  std::unique_ptr<curl_slist, ListDelete> connect_to_;
  ProbeId id_ = 0;
  ProbeListener* listener_ = nullptr;
  const HttpOptions* options_ = nullptr;
  std::shared_ptr<const TlsTrust> trust_;
  std::size_t header_size_ = 0;
  std::string grpc_status_;
  std::string grpc_message_;
  std::string body_;
  std::size_t body_size_ = 0;
  bool body_cut_ = false;
  int socket_error_ = 0;
  bool refused_ = false;
  Endpoint peer_;
  MonotonicTime begun_at_{};
  Duration ready_after_{0};  ///< libcurl's own times begin then
  TimerId first_octet_timer_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace gslbd::health
