// SPDX-License-Identifier: Apache-2.0
// The check types http and https: their options. The probing is in http_transport.cc.

#include <fmt/format.h>

#include <algorithm>

#include "health/check_type.h"
#include "health/types/http_fields.h"
#include "health/types/http_options.h"
#include "health/types/http_transport.h"
#include "health/types/tls_fields.h"

namespace gslbd::health {
namespace {

const Field<Check> kHttpFields[] = {
    {"port", "1 to 65535", "80", "the TCP port", read_http_port},
};

const Field<Check> kHttpsFields[] = {
    {"port", "1 to 65535", "443", "the TCP port", read_http_port},
    {"sni", "host name", "the host", "the name in handshake and certificate, where it is not the host",
     [](const JsonView& v, Check& c) { read_host_name(v, c.as<HttpOptions>().sni); }},
    {"tls_verify", "true or false", "true", "whether the certificate must be valid for the name",
     read_tls_verify},
    {"ca_file", "file name", "the system's authorities", "PEM file with the authorities to trust",
     read_ca_file},
};

void verify_http(const JsonView& v, const Check& c) {
  const auto& o = c.as<HttpOptions>();
  if (o.method == "HEAD" && o.wants_body()) {
    v.member("expect").member(o.body ? "body" : "json").error("a HEAD request has no body to match");
  }
  if (o.reuse && o.version == HttpVersion::v2)
    v.member("reuse").error("connections are reused with HTTP/1.1 only");
  if (o.follow_redirects > 0 && o.version == HttpVersion::v2) {
    v.member("follow_redirects").error("redirects are followed with HTTP/1.1 only");
  }
  // The last that happens to options that are read: what every probe needs is composed once.
  static_cast<HttpOptions&>(*c.options).finish();
}

// Strings are quoted by length, so that no two option sets share a description.
void describe_http(const Check& c, std::string& out) {
  const auto& o = c.as<HttpOptions>();
  const auto text = [&out](std::string_view key, std::string_view value) {
    out += fmt::format(" {}={}:{}", key, value.size(), value);
  };
  out += fmt::format(" port={} version={} status={} ttfb={} redirects={} reuse={}", o.port,
                     static_cast<int>(o.version), format_status(o.status), o.max_ttfb.count(),
                     o.follow_redirects, o.reuse);
  if (o.tls) out += describe_tls(o.tls_settings);
  text("path", o.path);
  text("host", o.host);
  text("method", o.method);
  text("sent", o.request_body);
  if (o.body) text("body", o.body->text());
  if (o.json) {
    text("pointer", o.json->pointer());
    text("equals", o.json->equals().dump());
  }
  for (const auto& [name, value] : o.headers) {
    text("header", name);
    text("value", value);
  }
}

/// A Host header's name without its port.
std::string without_port(const std::string& host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
  std::string name = host.substr(0, colon);
  if (bracket != std::string::npos && name.size() > 2) name = name.substr(1, bracket - 1);
  return name;
}

}  // namespace

void HttpOptions::finish() {
  request = RequestText(*this, method, path, true);
  if (!tls) return;
  // Parsed now, so that the first probe finds them parsed; a failure is told by the probe.
  if (auto trust = TlsTrust::load(tls_settings.ca_file); trust && !tls_settings.trust)
    tls_settings.trust = *trust;
  tls_settings.host = without_port(sni.empty() ? host : sni);
  if (version == HttpVersion::v1_1) tls_settings.alpn = {"http/1.1"};
  tls_identity = describe_tls(tls_settings);
}

Outcome HttpOptions::judge(const HttpAnswer& answer) const {
  return judge_answer(*this, answer);
}

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
    .help = "asks for a page over HTTP and looks at status and body",
    .defaults = default_options<HttpOptions>,
    .fields = kHttpFields,
    .shared_fields = kHttpSharedFields,
    .expect_fields = kHttpExpectFields,
    .verify = verify_http,
    .describe = describe_http,
    .make_transport = make_http_transport,
    .hold_port = [](const Check& c) -> std::optional<std::uint16_t> { return c.as<HttpOptions>().port; },
};

constinit const CheckType kHttpsCheck{
    .name = "https",
    .help = "asks for a page over HTTP in TLS and looks at certificate, status and body",
    .defaults = []() -> std::shared_ptr<CheckOptions> {
      auto o = std::make_shared<HttpOptions>();
      o->tls = true;
      o->port = 443;
      return o;
    },
    .fields = kHttpsFields,
    .shared_fields = kHttpSharedFields,
    .expect_fields = kHttpExpectFields,
    .verify = verify_http,
    .describe = describe_http,
    .make_transport = make_http_transport,
    .hold_port = [](const Check& c) -> std::optional<std::uint16_t> { return c.as<HttpOptions>().port; },
};

}  // namespace gslbd::health
