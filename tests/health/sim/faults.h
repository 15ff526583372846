// SPDX-License-Identifier: Apache-2.0
#pragma once
// What goes wrong in a simulated world, and when: faults of single addresses, of whole sites, and of the
// prober itself. Drawn from a seed before the run, so that a referee knows the truth.
//
// Thread: values; one.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/random.h"
#include "core/time.h"

namespace gslbd::health::sim {

enum class FaultKind : std::uint8_t {
  refused,  ///< the process is gone: connections are refused, held ones break
  silent,   ///< the machine is gone, or accepts and never answers
  slow,     ///< answers take around the timeout
  lossy,    ///< a tenth to a half of the probes is lost
  erratic,  ///< it answers wrongly every now and then
};
constexpr std::uint32_t kFaultKinds = 5;

struct Span {
  MonotonicTime from;
  MonotonicTime to;
  bool contains(MonotonicTime t) const { return from <= t && t < to; }
  bool overlaps(MonotonicTime a, MonotonicTime b) const { return from < b && a < to; }
};

struct Fault {
  Span when;
  FaultKind kind;
  double share = 0.0;  ///< of the probes, for lossy and erratic
};

/// The truth about a world, up to its end.
struct Truth {
  std::map<Address, std::vector<Fault>> faults;  ///< each list ordered by start
  std::vector<Span> unplugged;                   ///< the prober reaches nobody
  std::vector<Span> starved;                     ///< the prober has no descriptors left
  std::vector<MonotonicTime> clock_steps;        ///< the wall clock jumps
  /// A connection that is held then is half open from there on: a firewall in between dropped its state, or
  /// the machine was started anew. No word of it, until somebody sends something.
  std::map<Address, std::vector<MonotonicTime>> forgotten;

  const Fault* fault_of(const Address& address, MonotonicTime t) const;
  bool any(const std::vector<Span>& spans, MonotonicTime a, MonotonicTime b) const;
};

struct Site {
  std::string name;
  std::vector<Address> addresses;
};

/// How much goes wrong: mean times between faults.
struct Weather {
  Duration per_address = std::chrono::hours(8);
  Duration per_site = std::chrono::hours(48);
  Duration unplugged = std::chrono::hours(72);
  Duration starved = std::chrono::hours(96);
  Duration clock_step = std::chrono::hours(48);
  Duration forgotten = std::chrono::hours(4);
  Duration longest = std::chrono::hours(1);
};

Truth draw(const std::vector<Site>& sites, const Weather& weather, MonotonicTime begin, MonotonicTime end,
           std::uint64_t seed);

}  // namespace gslbd::health::sim
