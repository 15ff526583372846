// SPDX-License-Identifier: Apache-2.0
#include "health/types/http_transport.h"

#include "health/check_type.h"
#include "health/http/client.h"
#include "health/http/curl_transport.h"
#include "health/types/http_options.h"

namespace gslbd::health {
namespace {

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(UvLoop& loop) : loop_(loop), version_1_(loop) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    of(check).start(id, check, address, listener);
  }
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override {
    return of(check).overdue(id, check);
  }
  void cancel(ProbeId id, const Check& check) override { of(check).cancel(id, check); }

 private:
  Transport& of(const Check& check) {
    if (check.as<HttpOptions>().version == HttpVersion::v1_1) return version_1_;
    if (!version_2_) version_2_ = make_curl_transport(loop_);
    return *version_2_;
  }

  UvLoop& loop_;
  HttpClient version_1_;
  std::unique_ptr<Transport> version_2_;  // made when first needed: few checks want it
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(const ProbeContext& context) {
  return std::make_unique<HttpTransport>(context.loop);
}

}  // namespace gslbd::health
