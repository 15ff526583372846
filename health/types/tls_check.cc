// SPDX-License-Identifier: Apache-2.0
// The check type tls: a handshake, and a certificate that is good for long enough.

#include <fmt/format.h>

#include "health/check_type.h"
#include "health/overdue.h"
#include "health/stream/stream.h"
#include "health/types/hold_field.h"
#include "health/types/stream_transport.h"
#include "health/types/tls_fields.h"
#include "health/types/tls_options.h"

namespace gslbd::health {

Outcome judge_expiry(const CertificateExpiry& expiry, const TlsOptions& options, WallTime now) {
  const auto days = std::chrono::floor<std::chrono::days>(expiry.at - now).count();
  const std::string date = format_wall_time(expiry.at).substr(0, 10);
  const std::string which = expiry.issuer_name.empty()
                                ? "the certificate"
                                : fmt::format("the issuer's certificate ({})", expiry.issuer_name);
  if (days < 0) return {Reason::tls, fmt::format("{} has expired ({})", which, date)};
  std::string detail = fmt::format("{} expires in {} day{} ({})", which, days, days == 1 ? "" : "s", date);
  if (days < options.fail_days) {
    return {Reason::tls, fmt::format("{}; fail_days is {}", detail, options.fail_days)};
  }
  if (days < options.warn_days)
    detail = fmt::format("warning: {}; warn_days is {}", detail, options.warn_days);
  return {Reason::pass, detail};
}

namespace {

constexpr std::int64_t kMostDays = 3650;

class TlsProbe;
using TlsTransport = StreamTransport<TlsProbe, TlsOptions>;

class TlsProbe final : private StreamListener {
 public:
  TlsProbe(TlsTransport& owner, ProbeId id, const TlsOptions& options, ProbeListener& listener);

  ProbeListener& listener() const { return listener_; }
  void start(const Address& address) { stream_.open({address, options_.port}, &options_.tls); }
  Outcome overdue(Duration timeout) const {
    return health::overdue(stream_.so_far(), stream_.missing(), timeout);
  }

 private:
  void stream_opened() override;
  void stream_received(std::string_view) override {}
  void stream_ended() override {}
  void stream_failed(Outcome outcome) override { end(std::move(outcome)); }
  void end(Outcome outcome);

  TlsTransport& owner_;
  ProbeId id_;
  const TlsOptions& options_;
  ProbeListener& listener_;
  Stream stream_;
};

TlsProbe::TlsProbe(TlsTransport& owner, ProbeId id, const TlsOptions& options, ProbeListener& listener)
    : owner_(owner), id_(id), options_(options), listener_(listener), stream_(owner.sockets(), *this) {}

void TlsProbe::stream_opened() {
  const auto expiry = stream_.tls()->first_expiry();
  stream_.close(Stream::Farewell::polite);  // what ends the handshake is still on its way
  if (!expiry) return end({Reason::tls, "the peer showed no certificate"});
  end(judge_expiry(*expiry, options_, std::chrono::system_clock::now()));
}

void TlsProbe::end(Outcome outcome) {
  owner_.probe_over(id_, std::move(outcome));  // which destroys this
}

TlsOptions& tls(Check& c) {
  return c.as<TlsOptions>();
}

void read_days(const JsonView& v, std::uint16_t& out) {
  if (const auto days = read_integer(v, 0, kMostDays)) out = static_cast<std::uint16_t>(*days);
}

const Field<Check> kFields[] = {
    {"port", "1 to 65535", "443", "the TCP port",
     [](const JsonView& v, Check& c) {
       if (const auto port = read_integer(v, 1, 65535)) tls(c).port = static_cast<std::uint16_t>(*port);
     }},
    {"host", "host name", "the address", "the name in handshake and certificate",
     [](const JsonView& v, Check& c) { read_tls_host(v, tls(c).tls); }},
    {"tls_verify", "true or false", "true", "whether the certificate must be valid for the name",
     [](const JsonView& v, Check& c) { tls(c).tls.verify = read_bool(v).value_or(tls(c).tls.verify); }},
    {"ca_file", "file name", "the system's authorities", "PEM file with the authorities to trust",
     [](const JsonView& v, Check& c) { read_tls_ca_file(v, tls(c).tls); }},
    {"warn_days", "0 to 3650", "14",
     "fewer days than this until the first certificate of the chain expires are a pass with a warning",
     [](const JsonView& v, Check& c) { read_days(v, tls(c).warn_days); }},
    {"fail_days", "0 to 3650", "0", "fewer days than this are a failure; what has expired fails in any case",
     [](const JsonView& v, Check& c) { read_days(v, tls(c).fail_days); }},
    kHoldField,
};

}  // namespace

constinit const CheckType kTlsCheck{
    .name = "tls",
    .help = "shakes hands and looks at the certificate: chain, name, days until it expires",
    .defaults = default_options<TlsOptions>,
    .fields = kFields,
    .describe =
        [](const Check& c, std::string& out) {
          const auto& o = c.as<TlsOptions>();
          out +=
              fmt::format(" port={} warn={} fail={}", o.port, o.warn_days, o.fail_days) + describe_tls(o.tls);
        },
    .make_transport = make_on_loop<TlsTransport>,
    .hold_port = [](const Check& c) -> std::optional<std::uint16_t> { return c.as<TlsOptions>().port; },
};

}  // namespace gslbd::health
