// SPDX-License-Identifier: Apache-2.0
#include "health/http/request_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "health/types/http_options.h"

namespace gslbd::health {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

bool has_header(const HttpOptions& o, std::string_view name) {
  return std::any_of(o.headers.begin(), o.headers.end(),
                     [&](const auto& header) { return equals_ignoring_case(header.first, name); });
}

/// ":8080", or nothing for the scheme's own port.
std::string port_suffix(std::uint16_t port, bool tls) {
  return port == (tls ? 443 : 80) ? "" : fmt::format(":{}", port);
}

// Methods whose requests are expected to say how long their body is, even when there is none (RFC 9110 §8.6).
bool announces_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

RequestText::RequestText(const HttpOptions& o, const std::string& method, const std::string& path,
                         bool with_body) {
  std::string after = "\r\n";
  const auto add_unless_given = [&](std::string_view name, std::string_view value) {
    if (!has_header(o, name)) after += fmt::format("{}: {}\r\n", name, value);
  };
  add_unless_given("User-Agent", "gslbd");
  add_unless_given("Accept", "*/*");
  if (!o.reuse) add_unless_given("Connection", "close");
  const std::string_view body = with_body ? std::string_view(o.request_body) : std::string_view();
  if (!body.empty() || announces_body(method))
    add_unless_given("Content-Length", std::to_string(body.size()));
  for (const auto& [name, value] : o.headers) after += fmt::format("{}: {}\r\n", name, value);
  after += "\r\n";
  after += body;

  before_address_ = fmt::format("{} {} HTTP/1.1\r\nHost: ", method, path);
  if (o.host.empty()) {
    after_address_ = port_suffix(o.port, o.tls) + after;
  } else {
    before_address_ += o.host + after;
  }
}

void RequestText::append_to(std::string& out, const Address& address) const {
  out += before_address_;
  if (after_address_.empty()) return;
  if (!address.is_v4()) out += '[';
  out += address.to_string();
  if (!address.is_v4()) out += ']';
  out += after_address_;
}

std::string host_of_address(const Address& address, std::uint16_t port, bool tls) {
  const std::string text = address.to_string();
  const std::string suffix = port_suffix(port, tls);
  return address.is_v4() ? fmt::format("{}{}", text, suffix) : fmt::format("[{}]{}", text, suffix);
}

}  // namespace gslbd::health
