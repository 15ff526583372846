// SPDX-License-Identifier: Apache-2.0
#pragma once
// The production transport: hands each probe to the transport of its check's type, made when first needed.
//
// Thread: the loop's.

#include <memory>
#include <unordered_map>

#include "health/check_type.h"
#include "health/transport.h"

namespace gslbd::health {

class DispatchTransport final : public Transport {
 public:
  explicit DispatchTransport(const ProbeContext& context) : context_(context) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    transport_of(check).start(id, check, address, listener);
  }
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override {
    return transport_of(check).overdue(id, check);
  }
  void cancel(ProbeId id, const Check& check) override { transport_of(check).cancel(id, check); }

 private:
  Transport& transport_of(const Check& check) {
    auto& transport = transports_[check.type];
    if (!transport) transport = check.type->make_transport(context_);
    return *transport;
  }

  const ProbeContext context_;
  std::unordered_map<const CheckType*, std::unique_ptr<Transport>> transports_;
};

}  // namespace gslbd::health
