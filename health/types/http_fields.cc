// SPDX-License-Identifier: Apache-2.0
#include "health/types/http_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "health/types/hold_field.h"
#include "health/types/http_options.h"
#include "health/types/tls_fields.h"

namespace gslbd::health {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRequestBodyLimit = 4096;

HttpOptions& http(Check& c) {
  return c.as<HttpOptions>();
}

bool is_token_char(char c) {  // RFC 9110 §5.6.2
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_token_char);
}

// A line break in any of these would let a setting write a second request.
bool is_clean(std::string_view s) {
  return std::none_of(s.begin(), s.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void read_path(const JsonView& v, Check& c) {
  const auto path = read_string(v);
  if (!path) return;
  if (path->empty() || path->front() != '/' || !is_clean(*path) ||
      path->find_first_of(" #") != std::string::npos) {
    return v.error(
        fmt::format("{} is no path: it starts with \"/\" and has no spaces, \"#\" or control characters",
                    quote(v.json())));
  }
  http(c).path = *path;
}

void read_method(const JsonView& v, Check& c) {
  const auto method = read_string(v);
  if (!method) return;
  if (!is_token(*method) || *method == "CONNECT")
    return v.error(fmt::format("{} is no method", quote(v.json())));
  http(c).method = *method;
}

/// The option that sets the header of that name, if there is one: twice in a request they would contradict
/// each other.
std::string_view option_behind(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  if (lower == "host") return "host";
  return lower == "content-length" || lower == "transfer-encoding" ? "body" : "";
}

void read_headers(const JsonView& v, Check& c) {
  if (!v.json().is_object()) return v.expected("an object of header names and values");
  http(c).headers.clear();
  for (const auto& [name, unused] : v.json().items()) {
    const JsonView item = v.member(name);
    const auto value = read_string(item);
    if (!is_token(name)) {
      item.error(fmt::format("\"{}\" is no header name", name));
    } else if (value && !is_clean(*value)) {
      item.error("the value has control characters");
    } else if (const std::string_view option = option_behind(name); value && !option.empty()) {
      item.error(fmt::format("this header is set by the option \"{}\"", option));
    } else if (value) {
      http(c).headers.emplace_back(name, *value);
    }
  }
}

std::optional<std::uint16_t> parse_status(std::string_view text) {
  if (text.size() != 3 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  if (code < 100 || code > 599) return std::nullopt;
  return static_cast<std::uint16_t>(code);
}

std::optional<StatusRange> parse_status_range(const Json& value) {
  const std::string text = value.is_string()           ? value.get<std::string>()
                           : value.is_number_integer() ? value.dump()
                                                       : "";
  const std::size_t dash = text.find('-');
  const auto first = parse_status(std::string_view(text).substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_status(std::string_view(text).substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return StatusRange{*first, *last};
}

void read_status(const JsonView& v, Check& c) {
  std::vector<StatusRange> ranges;
  const auto read_one = [&ranges](const JsonView& item) {
    if (const auto range = parse_status_range(item.json())) {
      ranges.push_back(*range);
    } else {
      item.expected("a status such as 200 or \"200-299\" (100 to 599)");
    }
  };
  if (!v.json().is_array()) {
    read_one(v);
  } else if (v.json().empty()) {
    v.error("the list is empty: no status would ever do");
  } else {
    for (std::size_t i = 0; i < v.json().size(); ++i) read_one(v.element(i));
  }
  if (!ranges.empty()) http(c).status = std::move(ranges);
}

void read_body(const JsonView& v, Check& c) {
  const auto text = read_string(v);
  if (!text) return;
  auto pattern = BodyPattern::compile(*text);
  if (!pattern) return v.error(pattern.error().message);
  http(c).body = std::move(*pattern);
}

void read_request_body(const JsonView& v, Check& c) {
  const auto text = read_string(v);
  if (!text) return;
  if (text->size() > kRequestBodyLimit) {
    return v.error(fmt::format("the body is longer than {} octets", kRequestBodyLimit));
  }
  http(c).request_body = *text;
}

void read_json(const JsonView& v, Check& c) {
  if (!v.json().is_object() || !v.json().contains("pointer") || !v.json().contains("equals") ||
      v.json().size() != 2) {
    return v.expected("an object with \"pointer\" and \"equals\"");
  }
  const auto pointer = read_string(v.member("pointer"));
  if (!pointer) return;
  auto expectation = JsonExpectation::compile(*pointer, v.json().at("equals"));
  if (!expectation) return v.member("pointer").error(expectation.error().message);
  http(c).json = std::move(*expectation);
}

void read_version(const JsonView& v, Check& c) {
  if (const auto index = read_choice(v, {"1.1", "2"})) {
    http(c).version = *index == 0 ? HttpVersion::v1_1 : HttpVersion::v2;
  }
}

}  // namespace

void read_http_port(const JsonView& v, Check& c) {
  if (const auto port = read_integer(v, 1, 65535)) http(c).port = static_cast<std::uint16_t>(*port);
}

void read_tls_verify(const JsonView& v, Check& c) {
  http(c).tls_settings.verify = read_bool(v).value_or(true);
}

void read_ca_file(const JsonView& v, Check& c) {
  read_tls_ca_file(v, http(c).tls_settings);
}

void read_host_name(const JsonView& v, std::string& out) {
  const auto name = read_string(v);
  if (!name) return;
  const auto is_host_char = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  };
  if (name->empty() || !std::all_of(name->begin(), name->end(), is_host_char)) {
    return v.error(fmt::format("{} is no host name", quote(v.json())));
  }
  out = *name;
}

const Field<Check> kHttpExpectFields[3] = {
    {"status", "200, \"200\", \"200-299\" or a list of these", "\"200-299\"", "the statuses that pass",
     read_status},
    {"body", "regular expression (RE2)", "any body", "searched in the first 64 KiB of the body", read_body},
    {"json", "object: {\"pointer\": \"/status\", \"equals\": value}", "none",
     "the body is JSON, and that value stands at that JSON pointer", read_json},
};

const Field<Check> kHttpSharedFields[11] = {
    {"path", "string", "\"/\"", "the path and query that are asked for", read_path},
    {"host", "host name", "the address",
     "the Host header; for https also the name in handshake and certificate",
     [](const JsonView& v, Check& c) { read_host_name(v, http(c).host); }},
    {"method", "string", "\"GET\"", "the request method", read_method},
    {"headers", "object of strings", "none", "more request headers", read_headers},
    {"body", "string, at most 4096 octets", "none", "what is sent with the request", read_request_body},
    {"http_version", "\"1.1\" or \"2\"", "\"1.1\"",
     "the version that is spoken; HTTP/2 without TLS is spoken unasked (prior knowledge)", read_version},
    {"max_ttfb", "duration, 1ms to 1m", "the timeout",
     "longest time from the start of the probe to the first octet of the answer",
     [](const JsonView& v, Check& c) { http(c).max_ttfb = read_duration(v, 1ms, 1min).value_or(0ms); }},
    {"follow_redirects", "0 to 10", "0",
     "how many redirects are followed; only those that stay at the target's scheme, name and port",
     [](const JsonView& v, Check& c) {
       http(c).follow_redirects = static_cast<int>(read_integer(v, 0, 10).value_or(0));
     }},
    {"reuse", "true or false", "false",
     "probes share a connection: cheaper, but no proof that the target still accepts new ones",
     [](const JsonView& v, Check& c) { http(c).reuse = read_bool(v).value_or(false); }},
    kHoldField,
    {"expect", "object", "{}", "what must come back",
     [](const JsonView& v, Check& c) { read_object<Check>(v, kHttpExpectFields, c); }},
};

}  // namespace gslbd::health
