// SPDX-License-Identifier: Apache-2.0
// The check type grpc: asks grpc.health.v1.Health/Check over HTTP/2 whether a service is serving. Its two
// messages are a string and a number: they are written and read by hand (types/grpc_message.h).

#include <fmt/format.h>

#include "health/check_type.h"
#include "health/http/curl_transport.h"
#include "health/types/grpc_message.h"
#include "health/types/hold_field.h"
#include "health/types/http_fields.h"
#include "health/types/http_options.h"
#include "health/types/octets.h"
#include "health/types/tls_fields.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kServiceNameLimit = 255;

struct GrpcOptions final : HttpOptions {
  std::string service;  ///< empty: the server as a whole

  Outcome judge(const HttpAnswer& answer) const override {
    if (answer.status != 200) {
      return {Reason::status, fmt::format("HTTP {}, wanted 200 with a gRPC answer", answer.status)};
    }
    return judge_grpc(service, {answer.grpc_status, answer.grpc_message, answer.body});
  }
  bool wants_body() const override { return true; }
};

GrpcOptions& grpc(Check& c) {
  return c.as<GrpcOptions>();
}

void read_service(const JsonView& v, Check& c) {
  const auto name = read_string(v);
  if (!name) return;
  if (name->size() > kServiceNameLimit) {
    return v.error(fmt::format("the name is longer than {} octets", kServiceNameLimit));
  }
  grpc(c).service = *name;
}

const Field<Check> kFields[] = {
    {"port", "1 to 65535", "required", "the TCP port", read_http_port},
    {"service", "string", "the server as a whole", "the service that is asked about", read_service},
    {"tls", "true or false", "false", "whether TLS is spoken",
     [](const JsonView& v, Check& c) { grpc(c).tls = read_bool(v).value_or(false); }},
    {"host", "host name", "the address", "the authority; with TLS also the name in handshake and certificate",
     [](const JsonView& v, Check& c) { read_host_name(v, grpc(c).host); }},
    {"tls_verify", "true or false", "true", "whether the certificate must be valid for the name",
     read_tls_verify},
    {"ca_file", "file name", "the system's authorities", "PEM file with the authorities to trust",
     read_ca_file},
    kHoldField,
};

// The last that happens to options that are read: what every probe needs is composed once.
void finish_grpc(const JsonView& v, const Check& c) {
  auto& o = static_cast<GrpcOptions&>(*c.options);
  if (!o.tls && v.json().contains("ca_file"))
    v.member("ca_file").error("it means nothing without \"tls\": true");
  o.request_body = compose_grpc_request(o.service);
  o.finish();
}

std::shared_ptr<CheckOptions> defaults() {
  auto o = std::make_shared<GrpcOptions>();
  o->version = HttpVersion::v2;
  o->method = "POST";
  o->path = "/grpc.health.v1.Health/Check";
  o->headers = {{"content-type", "application/grpc"}, {"te", "trailers"}};
  return o;
}

void describe(const Check& c, std::string& out) {
  const auto& o = c.as<GrpcOptions>();
  out += fmt::format(" port={} tls={} service={}:{} host={}:{}{}", o.port, o.tls, o.service.size(), o.service,
                     o.host.size(), o.host, describe_tls(o.tls_settings));
}

}  // namespace

constinit const CheckType kGrpcCheck{
    .name = "grpc",
    .help =
        "asks a gRPC server by the standard health protocol (grpc.health.v1) whether a service is serving",
    .defaults = defaults,
    .fields = kFields,
    .verify = finish_grpc,
    .describe = describe,
    .make_transport = [](const ProbeContext& context) { return make_curl_transport(context.loop); },
    .hold_port = [](const Check& c) -> std::optional<std::uint16_t> { return c.as<GrpcOptions>().port; },
};

}  // namespace gslbd::health
