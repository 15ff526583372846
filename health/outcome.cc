// SPDX-License-Identifier: Apache-2.0
#include "health/outcome.h"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <system_error>

namespace gslbd::health {

std::string_view reason_name(Reason reason) {
  static constexpr std::array<std::string_view, kReasonCount> kNames{
      "pass",     "refused", "timeout",  "unreachable", "reset",     "tls",           "status",   "body",
      "protocol", "exit",    "reported", "silent",      "resources", "not_permitted", "internal", "unheard"};
  return kNames[static_cast<std::size_t>(reason)];
}

Outcome outcome_of_errno(int error) {
  switch (error) {
    case ECONNREFUSED:
      return {Reason::refused, "connection refused"};
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return {Reason::reset, "connection reset by the peer"};
    case ETIMEDOUT:
      return {Reason::timeout, "the kernel gave up connecting"};
    case EHOSTUNREACH:
      return {Reason::unreachable, "no route to the host"};
    case ENETUNREACH:
      return {Reason::unreachable, "the network is unreachable"};
    case EHOSTDOWN:
    case ENETDOWN:
      return {Reason::unreachable, std::generic_category().message(error)};
    case EADDRNOTAVAIL:
      return {Reason::resources, "no local address or port left"};
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return {Reason::resources, std::generic_category().message(error)};
    case EPERM:
    case EACCES:
      return {Reason::not_permitted, "this machine does not let the probe out"};
    default:
      return {Reason::internal, std::generic_category().message(error)};
  }
}

void OutcomeCounts::add(const Outcome& outcome) {
  ++by_reason[static_cast<std::size_t>(outcome.reason)];
  const auto bound = std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), outcome.duration);
  ++duration_buckets[static_cast<std::size_t>(bound - kDurationBounds.begin())];
  duration_sum += outcome.duration;
}

std::uint64_t OutcomeCounts::total() const {
  return std::accumulate(by_reason.begin(), by_reason.end(), std::uint64_t{0});
}

}  // namespace gslbd::health
