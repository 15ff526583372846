// SPDX-License-Identifier: Apache-2.0
#include "health/http/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "health/http/redirect.h"
#include "health/overdue.h"
#include "health/types/octets.h"

namespace gslbd::health {
namespace {

// A timer that fires this late means that this process, not the target, was slow (as in engine.cc).
constexpr Duration kHeldUp = std::chrono::milliseconds(50);

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

void HttpConnection::begin(const HttpOptions& options, const Address& address) {
  options_ = &options;
  address_ = address;
  method_ = options.method;
  path_ = options.path;
  visited_.clear();
  busy_ = true;
  begun_at_ = now();
  if (options.max_ttfb > Duration{0}) expect_first_octet(begun_at_ + options.max_ttfb);
  ask();
}

Outcome HttpConnection::overdue(Duration timeout) const {
  std::string so_far;
  if (!visited_.empty()) so_far = "redirected to " + printable(path_, 80);
  const std::string connection = used_before_ ? "on a connection that was open" : stream_.so_far();
  if (!connection.empty()) so_far += (so_far.empty() ? "" : ", ") + connection;
  if (!stream_.is_open()) return health::overdue(so_far, stream_.missing(), timeout);
  if (!parser_.begun()) return health::overdue(so_far, "answer to the request", timeout);
  so_far += ", first octet " + after(first_octet_after_);
  if (parser_.state() == ResponseParser::State::head) {
    return health::overdue(so_far, "end of the header", timeout);
  }
  so_far += fmt::format(", {} octets of the body", parser_.body_size());
  return health::overdue(so_far, "end of it", timeout);
}

void HttpConnection::abandon() {
  busy_ = false;
  loop_.cancel(std::exchange(first_octet_timer_, {}));
  stream_.close();
}

void HttpConnection::ask() {
  parser_.reset(method_ == "HEAD", options_->wants_body());
  used_before_ = stream_.is_open();
  if (used_before_) return send_request();
  stream_.open({address_, options_->port}, options_->tls ? &options_->tls_settings : nullptr);
}

void HttpConnection::send_request() {
  std::string text;
  if (visited_.empty()) {
    options_->request.append_to(text, address_);
  } else {
    RequestText(*options_, method_, path_, method_ == options_->method).append_to(text, address_);
  }
  stream_.write(text);
}

void HttpConnection::stream_opened() {
  send_request();
}

void HttpConnection::stream_received(std::string_view data) {
  if (!busy_) return lose();
  if (!parser_.begun()) {
    loop_.cancel(std::exchange(first_octet_timer_, {}));
    first_octet_after_ = now() - begun_at_;
  }
  const ResponseParser::State state = parser_.feed(data);
  if (state == ResponseParser::State::done || state == ResponseParser::State::failed) judge();
}

void HttpConnection::stream_ended() {
  if (!busy_) return lose();
  if (retry()) return;
  parser_.end();
  judge();
}

void HttpConnection::stream_failed(Outcome outcome) {
  if (!busy_) return lose();
  if (retry()) return;
  finish(std::move(outcome));
}

bool HttpConnection::retry() {
  if (!used_before_ || parser_.begun()) return false;
  stream_.close();
  ask();
  return true;
}

void HttpConnection::judge() {
  if (parser_.state() == ResponseParser::State::failed) {
    return finish({Reason::protocol, parser_.error()});
  }
  if (options_->follow_redirects > 0 && is_redirect(parser_.status()) && follow_redirect()) return;
  finish(
      judge_answer(*options_, {parser_.status(), parser_.body(), parser_.body_size(), parser_.body_cut()}));
}

// True when the exchange goes on, or was ended here.
bool HttpConnection::follow_redirect() {
  const int status = parser_.status();
  auto next = resolve_redirect(*options_, address_, path_, parser_.location());
  if (!next) {
    if (options_->wants_status(status)) return false;
    finish({Reason::status, fmt::format("HTTP {}: {}", status, next.error().message)});
    return true;
  }
  visited_.push_back(path_);
  if (std::find(visited_.begin(), visited_.end(), *next) != visited_.end()) {
    finish({Reason::status,
            fmt::format("HTTP {}: redirects in a circle, back to {}", status, printable(*next, 80))});
    return true;
  }
  if (visited_.size() > static_cast<std::size_t>(options_->follow_redirects)) {
    finish({Reason::status, fmt::format("HTTP {}: more than {} redirects, the last to {}", status,
                                        options_->follow_redirects, printable(*next, 80))});
    return true;
  }
  path_ = std::move(*next);
  if (turns_into_get(status, method_)) method_ = "GET";
  if (!parser_.reusable() || !options_->reuse) stream_.close();
  ask();
  return true;
}

void HttpConnection::finish(Outcome outcome) {
  busy_ = false;
  loop_.cancel(std::exchange(first_octet_timer_, {}));
  const bool keep = options_->reuse && parser_.state() == ResponseParser::State::done && parser_.reusable();
  if (!keep) stream_.close();
  parser_.reset(false, false);  // an idle connection keeps no body
  owner_.exchange_ended(*this, std::move(outcome));
}

void HttpConnection::lose() {
  stream_.close();
  owner_.idle_connection_lost(*this);
}

void HttpConnection::expect_first_octet(MonotonicTime deadline) {
  first_octet_timer_ = loop_.run_at(deadline, [this, deadline] { first_octet_is_late(deadline, false); });
}

// When the whole process was held up, the answer may lie in the socket unread: its reader gets one turn
// first.
void HttpConnection::first_octet_is_late(MonotonicTime deadline, bool spared) {
  if (!spared && now() - deadline > kHeldUp) {
    first_octet_timer_ = loop_.run_at(now(), [this, deadline] { first_octet_is_late(deadline, true); });
    return;
  }
  first_octet_timer_ = {};
  parser_.reset(false, false);
  finish({Reason::timeout, "slow: no first octet within " + format_duration(options_->max_ttfb)});
}

}  // namespace gslbd::health
