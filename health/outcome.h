// SPDX-License-Identifier: Apache-2.0
#pragma once
// The outcome of one probe: it passed, or it failed for one reason out of a closed list, with a detail that
// an operator can act on. The names of the reasons are label values in the metrics: they are stable.
//
// Local trouble (no file descriptors left, no permission to ping) says nothing about the target: such
// outcomes are counted and shown, but hysteresis ignores them.
//
// Thread: values; any.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace gslbd::health {

enum class Reason : std::uint8_t {
  pass,           ///< it passed; all others are failures
  refused,        ///< the target's host answered: nobody listens there
  timeout,        ///< no answer in time
  unreachable,    ///< no route, or a router said so
  reset,          ///< the connection was made and then broken by the peer
  tls,            ///< handshake or certificate
  status,         ///< a status that was not wanted: of HTTP, a DNS response code
  body,           ///< what it said does not match: a body, an answer, a reply
  protocol,       ///< the peer speaks, but not the protocol that was asked for
  exit,           ///< the program that probes ended with another exit code than 0
  reported,       ///< the target says of itself that it is down
  silent,         ///< the target has not said for too long how it is
  resources,      ///< local trouble: out of descriptors, ports or memory
  not_permitted,  ///< local trouble: the kernel refuses to send such probes
  internal,       ///< local trouble: a fault of ours
  unheard,        ///< no evidence yet: nothing has been heard, and it is too early to call that silence
};
inline constexpr std::size_t kReasonCount = 16;

/// "pass", "refused", "not_permitted": snake case, for metrics and JSON.
std::string_view reason_name(Reason reason);

/// True when the reason lies on this machine, or in its not knowing yet, and is no evidence about the target.
constexpr bool is_local_trouble(Reason reason) {
  return reason >= Reason::resources;
}

struct Outcome {
  Reason reason = Reason::pass;
  std::string detail;    ///< "connection refused"; empty or informative ("HTTP 200") for a pass
  Duration duration{0};  ///< from the start of the probe; set by the engine
  WallTime at{};         ///< when it ended; set by the engine

  bool passed() const { return reason == Reason::pass; }
};

/// The outcome of a socket call that failed with `error` (an errno value).
Outcome outcome_of_errno(int error);

/// Upper bounds of the buckets in which durations of probes are counted; the last bucket (+Inf) is implied.
inline constexpr std::array<Duration, 10> kDurationBounds{
    std::chrono::milliseconds(1),   std::chrono::milliseconds(5),   std::chrono::milliseconds(10),
    std::chrono::milliseconds(25),  std::chrono::milliseconds(50),  std::chrono::milliseconds(100),
    std::chrono::milliseconds(250), std::chrono::milliseconds(500), std::chrono::milliseconds(1000),
    std::chrono::milliseconds(2500)};

/// What has been counted of one target since it was created.
struct OutcomeCounts {
  std::array<std::uint64_t, kReasonCount> by_reason{};
  std::array<std::uint64_t, kDurationBounds.size() + 1> duration_buckets{};  ///< each probe in exactly one
  Duration duration_sum{0};

  void add(const Outcome& outcome);
  std::uint64_t of(Reason reason) const { return by_reason[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const;
};

}  // namespace gslbd::health
