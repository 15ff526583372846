// SPDX-License-Identifier: Apache-2.0
#pragma once
// One HTTP/1.1 connection to a target and the exchange that it carries: request out, response in, redirects
// followed as far as the check allows, and the judgement of what came.
//
// A connection that was used before may have been closed by the peer while it lay idle: when it breaks before
// the first octet of an answer, the request is sent once more over a new one. That counts for nothing against
// the target.
//
// Invariants: at most one exchange at a time; every exchange ends with one call of exchange_ended(), unless
// it is abandoned.
//
// Thread: the loop's.

#include <string>
#include <vector>

#include "core/address.h"
#include "health/http/response_parser.h"
#include "health/outcome.h"
#include "health/stream/stream.h"
#include "health/types/http_options.h"
#include "health/uv_loop.h"

namespace gslbd::health {

class HttpConnection;

class HttpConnectionOwner {
 public:
  /// The exchange is over. The connection is open when it can be used again, else closed. May come from
  /// inside begin(); the owner may destroy the connection.
  virtual void exchange_ended(HttpConnection& connection, Outcome outcome) = 0;
  /// An idle connection broke, or the peer spoke unasked: it is closed now.
  virtual void idle_connection_lost(HttpConnection& connection) = 0;

 protected:
  ~HttpConnectionOwner() = default;
};

class HttpConnection : private StreamListener {
 public:
  HttpConnection(UvLoop& loop, SocketSet& sockets, HttpConnectionOwner& owner)
      : loop_(loop), owner_(owner), stream_(sockets, *this) {}
  virtual ~HttpConnection() { loop_.cancel(first_octet_timer_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Begins an exchange, over the open connection if it is open. `options` must stay until the exchange has
  /// ended.
  void begin(const HttpOptions& options, const Address& address);
  /// During an exchange: what to say when its time is up now.
  Outcome overdue(Duration timeout) const;
  /// Ends the exchange, if there is one, and closes, silently.
  void abandon();

  bool is_open() const { return stream_.is_open(); }

 private:
  void stream_opened() override;
  void stream_received(std::string_view data) override;
  void stream_ended() override;
  void stream_failed(Outcome outcome) override;

  void ask();
  void send_request();
  bool retry();
  void judge();
  bool follow_redirect();
  void finish(Outcome outcome);
  void lose();
  void expect_first_octet(MonotonicTime deadline);
  void first_octet_is_late(MonotonicTime deadline, bool spared);

  UvLoop& loop_;
  HttpConnectionOwner& owner_;
  Stream stream_;
  ResponseParser parser_;
  bool busy_ = false;
  bool used_before_ = false;  ///< this request goes out on a connection that carried another

  const HttpOptions* options_ = nullptr;
  Address address_;
  TimerId first_octet_timer_;
  MonotonicTime begun_at_{};
  Duration first_octet_after_{0};
  // Differ from the options once a redirect was followed.
  std::string method_;
  std::string path_;
  std::vector<std::string> visited_;  ///< the paths before path_
};

}  // namespace gslbd::health
