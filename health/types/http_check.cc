// SPDX-License-Identifier: Apache-2.0
// The check types http and https: their options. The probing is in http_transport.cc.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "health/check_type.h"
#include "health/types/http_options.h"
#include "health/types/http_transport.h"

namespace gslbd::health {
namespace {

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

void read_port(const JsonView& v, Check& c) {
  if (const auto port = read_integer(v, 1, 65535)) http(c).port = static_cast<std::uint16_t>(*port);
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

void read_method(const JsonView& v, Check& c) {
  const auto method = read_string(v);
  if (!method) return;
  if (!is_token(*method) || *method == "CONNECT")
    return v.error(fmt::format("{} is no method", quote(v.json())));
  http(c).method = *method;
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

void read_ca_file(const JsonView& v, Check& c) {
  const auto name = read_string(v);
  if (!name) return;
  const std::string path = (std::filesystem::path(v.file()).parent_path() / *name).string();
  if (std::error_code ec; !std::filesystem::is_regular_file(path, ec) || access(path.c_str(), R_OK) != 0) {
    return v.error(fmt::format("cannot read {}", path));
  }
  http(c).ca_file = path;
}

const Field<Check> kExpectFields[] = {
    {"status", "200, \"200\", \"200-299\" or a list of these", "\"200-299\"", "the statuses that pass",
     read_status},
    {"body", "regular expression (RE2)", "any body", "searched in the first 64 KiB of the body", read_body},
};

const Field<Check> kSharedFields[] = {
    {"path", "string", "\"/\"", "the path and query that are asked for", read_path},
    {"host", "host name", "the address",
     "the Host header; for https also the name in handshake and certificate",
     [](const JsonView& v, Check& c) { read_host_name(v, http(c).host); }},
    {"method", "string", "\"GET\"", "the request method", read_method},
    {"headers", "object of strings", "none", "more request headers", read_headers},
    {"expect", "object", "{}", "what must come back; redirects are not followed",
     [](const JsonView& v, Check& c) { read_object<Check>(v, kExpectFields, c); }},
};

const Field<Check> kHttpFields[] = {
    {"port", "1 to 65535", "80", "the TCP port", read_port},
};

const Field<Check> kHttpsFields[] = {
    {"port", "1 to 65535", "443", "the TCP port", read_port},
    {"sni", "host name", "the host", "the name in handshake and certificate, where it is not the host",
     [](const JsonView& v, Check& c) { read_host_name(v, http(c).sni); }},
    {"tls_verify", "true or false", "true", "whether the certificate must be valid for the name",
     [](const JsonView& v, Check& c) { http(c).tls_verify = read_bool(v).value_or(http(c).tls_verify); }},
    {"ca_file", "file name", "the system's authorities", "PEM file with the authorities to trust",
     read_ca_file},
};

void verify_http(const JsonView& v, const Check& c) {
  const auto& o = c.as<HttpOptions>();
  if (o.method == "HEAD" && o.body)
    v.member("expect").member("body").error("a HEAD request has no body to match");
}

// Strings are quoted by length, so that no two option sets share a description.
void describe_http(const Check& c, std::string& out) {
  const auto& o = c.as<HttpOptions>();
  const auto text = [&out](std::string_view key, std::string_view value) {
    out += fmt::format(" {}={}:{}", key, value.size(), value);
  };
  out += fmt::format(" port={} status={} verify={}", o.port, format_status(o.status), o.tls_verify);
  text("path", o.path);
  text("host", o.host);
  text("sni", o.sni);
  text("method", o.method);
  text("ca", o.ca_file);
  if (o.body) text("body", o.body->text());
  for (const auto& [name, value] : o.headers) {
    text("header", name);
    text("value", value);
  }
}

}  // namespace

bool HttpOptions::wants_status(long code) const {
  return std::any_of(status.begin(), status.end(),
                     [code](const StatusRange& r) { return code >= r.first && code <= r.last; });
}

std::string format_status(const std::vector<StatusRange>& ranges) {
  std::string out;
  for (const StatusRange& r : ranges) {
    if (!out.empty()) out += ", ";
    out += r.first == r.last ? fmt::format("{}", r.first) : fmt::format("{}-{}", r.first, r.last);
  }
  return out;
}

constinit const CheckType kHttpCheck{
    .name = "http",
    .help = "asks for a page over HTTP/1.1 and looks at status and body",
    .defaults = []() -> std::shared_ptr<CheckOptions> { return std::make_shared<HttpOptions>(); },
    .fields = kHttpFields,
    .shared_fields = kSharedFields,
    .expect_fields = kExpectFields,
    .verify = verify_http,
    .describe = describe_http,
    .make_transport = make_http_transport,
};

constinit const CheckType kHttpsCheck{
    .name = "https",
    .help = "asks for a page over HTTP/1.1 in TLS and looks at certificate, status and body",
    .defaults = []() -> std::shared_ptr<CheckOptions> {
      auto o = std::make_shared<HttpOptions>();
      o->tls = true;
      o->port = 443;
      return o;
    },
    .fields = kHttpsFields,
    .shared_fields = kSharedFields,
    .expect_fields = kExpectFields,
    .verify = verify_http,
    .describe = describe_http,
    .make_transport = make_http_transport,
};

}  // namespace gslbd::health
