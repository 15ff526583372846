// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tally: what came of a run, and how it is written as JSON; and the clock that all of the load generator goes
// by.
//
// Thread: one.

#include <array>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>

#include "bench/load/histogram.h"

namespace gslbd::bench {

/// Nanoseconds of the monotonic clock.
using Time = std::int64_t;

inline constexpr Time kSecond = 1'000'000'000;

inline Time now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Time{time.tv_sec} * kSecond + time.tv_nsec;
}

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;          ///< also while the last answers were waited for
  std::uint64_t answered_in_time = 0;  ///< before the time was up: what the rate is made of
  std::uint64_t lost = 0;              ///< not answered before their timeout
  std::uint64_t stray = 0;             ///< came too late, twice, or were no answers
  std::uint64_t refused = 0;           ///< sends and connections that failed
  std::uint64_t connections = 0;       ///< TCP connections that were opened, without the idle ones
  std::uint64_t idle_held = 0;         ///< idle TCP connections that answered and are still open at the end
  std::uint64_t truncated = 0;         ///< answers with the TC bit
  std::uint64_t octets = 0;            ///< in the answers
  std::array<std::uint64_t, 16> rcodes{};
  Histogram latency;  ///< ns; in an open loop from when the query was due
  Time elapsed = 0;   ///< until the time was up, or the last answer came
  Time idle = 0;      ///< of that: when there was nothing to send and nothing to read

  /// Whether the octets are an answer at all: a header with the QR bit (RFC 1035 §4.1.1).
  static bool is_answer(std::span<const std::uint8_t> message) {
    return message.size() >= 12 && (message[2] & 0x80) != 0;
  }

  /// `answer` came at `at` to a query of `since`.
  void add_answer(std::span<const std::uint8_t> answer, Time since, Time at) {
    ++answered;
    octets += answer.size();
    if ((answer[2] & 0x02) != 0) ++truncated;
    ++rcodes[answer[3] & 0x0F];
    latency.add(at - since);
  }

  std::string json() const;
};

}  // namespace gslbd::bench
