// SPDX-License-Identifier: Apache-2.0
// Webhooks and mail: what goes by libcurl.
#include <curl/curl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "server/hooks/delivery.h"
#include "server/hooks/mail_text.h"

namespace gslbd::server {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

// A receiver's answer has nothing to tell us; what is longer than this is not even read.
constexpr std::size_t kLongestAnswer = 64 * 1024;

struct List {
  curl_slist* first = nullptr;
  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() { curl_slist_free_all(first); }
  void add(const std::string& line) {
    if (curl_slist* longer = curl_slist_append(first, line.c_str())) first = longer;
  }
};

std::size_t discard(char*, std::size_t size, std::size_t count, void* so_far) {
  auto& octets = *static_cast<std::size_t*>(so_far);
  octets += size * count;
  return octets > kLongestAnswer ? 0 : size * count;
}

int ask_to_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const StopAsked*>(stop))() ? 1 : 0;
}

/// One transfer with its error text.
class Call {
 public:
  Call(const HookSettings& settings, const StopAsked& stop) : handle_(curl_easy_init(), &curl_easy_cleanup) {
    if (!handle_) return;
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(settings.timeout).count();
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs is not waited for
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &ask_to_stop);
    set(CURLOPT_XFERINFODATA, &stop);
    set(CURLOPT_WRITEFUNCTION, &discard);
    set(CURLOPT_WRITEDATA, &received_);
    if (!settings.ca_file.empty()) set(CURLOPT_CAINFO, settings.ca_file.c_str());
  }
  explicit operator bool() const { return handle_ != nullptr; }
  template <class V>
  void set(CURLoption option, V value) {
    curl_easy_setopt(handle_.get(), option, value);
  }
  CURLcode perform() { return curl_easy_perform(handle_.get()); }
  long status() const {
    long code = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
  std::string why(CURLcode code) const { return error_[0] != 0 ? error_.data() : curl_easy_strerror(code); }

 private:
  Handle handle_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::size_t received_ = 0;
};

const Attempt kNoLibrary{Attempt::End::try_again, "libcurl cannot be started"};

// --- webhook ---

bool worth_another_try(long status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

class Webhook final : public Delivery {
 public:
  explicit Webhook(const HookSettings& settings) : settings_(settings) {}

  Attempt send(const HookMessage& message, const MessageSender& sender, const StopAsked& stop) override {
    const std::string body =
        message_json(message, sender).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    Call call(settings_, stop);
    if (!call) return kNoLibrary;
    List headers;
    headers.add("Content-Type: application/json");
    headers.add("User-Agent: gslbd");
    headers.add("Expect:");  // a body this small is not worth a round trip
    for (const auto& [name, value] : settings_.headers) {
      headers.add(value.empty() ? name + ";" : name + ": " + value);
    }
    call.set(CURLOPT_URL, settings_.url.c_str());
    call.set(CURLOPT_PROTOCOLS_STR, "http,https");
    // Over HTTP/2 libcurl goes on reading what means nothing (empty DATA frames) as long as it comes, and
    // asks neither the time nor `stop` meanwhile. One small request has no use for it.
    call.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    call.set(CURLOPT_HTTPHEADER, headers.first);
    call.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    call.set(CURLOPT_POSTFIELDS, body.c_str());
    const CURLcode code = call.perform();
    const long status = call.status();
    // The answer was too long to be read, but there was one.
    const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0);
    if (!answered) return {Attempt::End::try_again, call.why(code)};
    if (status >= 200 && status < 300) return {};
    return {worth_another_try(status) ? Attempt::End::try_again : Attempt::End::give_up,
            fmt::format("HTTP {}", status)};
  }

 private:
  const HookSettings settings_;
};

// --- mail ---

struct Upload {
  std::string_view left;
};

std::size_t upload(char* to, std::size_t size, std::size_t count, void* from) {
  auto& text = static_cast<Upload*>(from)->left;
  const std::size_t n = std::min(size * count, text.size());
  std::memcpy(to, text.data(), n);
  text.remove_prefix(n);
  return n;
}

long tls_level(HookSettings::Tls tls) {
  return tls == HookSettings::Tls::required        ? CURLUSESSL_ALL
         : tls == HookSettings::Tls::opportunistic ? CURLUSESSL_TRY
                                                   : CURLUSESSL_NONE;
}

class Mail final : public Delivery {
 public:
  explicit Mail(const HookSettings& settings) : settings_(settings) {}

  Attempt send(const HookMessage& message, const MessageSender& sender, const StopAsked& stop) override {
    const auto password = read_password();
    if (!password) return {Attempt::End::try_again, password.error().message};
    const std::string text = mail_text(settings_, message, sender, SystemClock().wall_now());
    Call call(settings_, stop);
    if (!call) return kNoLibrary;
    List recipients;
    for (const std::string& to : settings_.to) recipients.add("<" + to + ">");
    const std::string from = "<" + settings_.from + ">";
    Upload body{text};
    call.set(CURLOPT_URL, settings_.smtp.c_str());
    call.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    call.set(CURLOPT_USE_SSL, tls_level(settings_.tls));
    call.set(CURLOPT_MAIL_FROM, from.c_str());
    call.set(CURLOPT_MAIL_RCPT, recipients.first);
    call.set(CURLOPT_UPLOAD, 1L);
    call.set(CURLOPT_READFUNCTION, &upload);
    call.set(CURLOPT_READDATA, &body);
    if (!settings_.user.empty()) {
      call.set(CURLOPT_USERNAME, settings_.user.c_str());
      call.set(CURLOPT_PASSWORD, password->c_str());
    }
    const CURLcode code = call.perform();
    if (code == CURLE_OK) return {};
    // RFC 5321 §4.2.1: 4yz may work later, 5yz will not.
    const long status = call.status();
    const bool refused = status >= 500 && status < 600;
    return {refused ? Attempt::End::give_up : Attempt::End::try_again,
            status == 0 ? call.why(code) : fmt::format("{} (SMTP {})", call.why(code), status)};
  }

 private:
  // At each message: a new password needs no reload.
  Result<std::string> read_password() const {
    if (settings_.password_file.empty()) return std::string();
    auto text = read_file(settings_.password_file);
    if (!text) return fail("password_file: " + text.error().message);
    return text->substr(0, text->find_first_of("\r\n"));
  }

  const HookSettings settings_;
};

}  // namespace

std::unique_ptr<Delivery> make_webhook(const HookSettings& settings) {
  return std::make_unique<Webhook>(settings);
}

std::unique_ptr<Delivery> make_mail(const HookSettings& settings) {
  return std::make_unique<Mail>(settings);
}

std::unique_ptr<Delivery> make_delivery(const HookSettings& settings) {
  // Before any thread uses the library; once is enough.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialised);
  switch (settings.type) {
    case HookSettings::Type::exec:
      return make_exec(settings);
    case HookSettings::Type::mail:
      return make_mail(settings);
    case HookSettings::Type::webhook:
      break;
  }
  return make_webhook(settings);
}

}  // namespace gslbd::server
