// SPDX-License-Identifier: Apache-2.0
#include "server/control/replies.h"

#include <algorithm>

namespace gslbd::server {
namespace {

// "application/json", in any letter case and with any parameters (RFC 9110 §8.3.1).
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type == "application/json";
}

}  // namespace

HttpResponse json_reply(int status, const Json& body) {
  return {status, "application/json", body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

HttpResponse json_error(int status, const std::string& message) {
  return json_reply(status, {{"error", message}});
}

Json errors_json(const Diagnostics& diagnostics) {
  Json errors = Json::array();
  for (const Diagnostic& d : diagnostics.all()) {
    if (d.severity == Severity::error) errors.push_back({{"pointer", d.where}, {"message", d.message}});
  }
  const Json& first = errors.at(0);
  std::string message = first.at("pointer").get<std::string>();
  if (!message.empty()) message += ": ";
  message += first.at("message").get<std::string>();
  return {{"error", message}, {"errors", errors}};
}

std::optional<Json> json_body(const HttpRequest& request, HttpResponse& refusal) {
  // A form of another site's page can send text, but not this type without asking first: one more lock beside
  // the guard's.
  if (!is_json(request.header("Content-Type"))) {
    refusal = json_error(415, "a command's body is JSON: send it with Content-Type: application/json");
    return std::nullopt;
  }
  Diagnostics diagnostics;
  auto document = parse_json(request.body, "the body", diagnostics);
  if (diagnostics.has_errors() || !document) {
    refusal = json_reply(400, errors_json(diagnostics));
    return std::nullopt;
  }
  return document;
}

}  // namespace gslbd::server
