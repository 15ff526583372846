// SPDX-License-Identifier: Apache-2.0
#pragma once
// The transport of the check types whose probe is one conversation on a stream. A `Probe` is made from
// (its owner, the probe's id, the type's Options, the listener), has start(address), overdue(timeout) and
// listener(), and ends itself with owner.probe_over(id, outcome).
//
// Thread: the loop's.

#include <memory>
#include <unordered_map>
#include <utility>

#include "health/check.h"
#include "health/stream/socket_set.h"
#include "health/transport.h"

namespace gslbd::health {

template <class Probe, class Options>
class StreamTransport : public Transport {
 public:
  explicit StreamTransport(UvLoop& loop) : sockets_(loop) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    auto probe = std::make_unique<Probe>(*this, id, check.as<Options>(), listener);
    probes_.emplace(id, std::move(probe)).first->second->start(address);
  }
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override {
    const auto found = probes_.find(id);
    if (found == probes_.end()) return std::nullopt;
    return found->second->overdue(check.timeout);
  }
  void cancel(ProbeId id, const Check&) override { probes_.erase(id); }

  SocketSet& sockets() { return sockets_; }
  /// Tells the listener; the probe is destroyed when that has been done.
  void probe_over(ProbeId id, Outcome outcome) {
    const auto over = probes_.extract(id);
    over.mapped()->listener().probe_ended(id, std::move(outcome));
  }

 private:
  SocketSet sockets_;  // outlives the streams
  std::unordered_map<ProbeId, std::unique_ptr<Probe>> probes_;
};

}  // namespace gslbd::health
