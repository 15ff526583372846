// SPDX-License-Identifier: Apache-2.0
#pragma once
// TcpAbuse: connections that misbehave, several hundred at a time: silent ones, parts of length prefixes,
// queries one octet at a time, pipelines whose answers nobody reads, lengths that lie, resets in the middle
// of a message, clients that are gone without a word. Most leave by themselves within half a second; a few
// wait for the server to lose its patience, which it must.
//
// Thread: one.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace gslbd::soak {

enum class Misdeed : std::uint8_t {
  silence,         ///< connects, says nothing
  half_prefix,     ///< one octet of the length
  drip,            ///< a query, one octet at a time
  never_read,      ///< 1,000 queries with long answers, none read
  reset_midway,    ///< half a query, then a reset
  length_zero,     ///< a message of length 0
  length_lie,      ///< announces 65,535 octets, sends a hundred
  leave_at_once,   ///< connects and closes
  vanish,          ///< half a pipeline, then not even a reset (where the kernel lets us)
  garbage,         ///< octets
  hostile_stream,  ///< well framed hostile packets; reads what comes
  half_close,      ///< queries, then no more to say; reads what comes
};
inline constexpr std::array<std::string_view, 12> kMisdeedNames = {
    "silence",    "half_prefix",   "drip",   "never_read", "reset_midway",   "length_zero",
    "length_lie", "leave_at_once", "vanish", "garbage",    "hostile_stream", "half_close"};

struct TcpAbuseOptions {
  Endpoint server;
  std::uint64_t connections = 0;
  std::size_t at_a_time = 400;
  std::uint64_t seed = 1;
  std::vector<std::string_view> names;
  std::string_view long_answer;  ///< a name whose TXT answer is long
};

struct TcpAbuseResult {
  std::atomic<std::uint64_t> opened = 0;
  std::uint64_t refused = 0;           ///< not even connected
  std::uint64_t closed_by_server = 0;  ///< before we left
  std::uint64_t outstayed = 0;         ///< waited to be thrown out, and was not: a failure of the server's
  std::array<std::uint64_t, kMisdeedNames.size()> by_misdeed{};
  double seconds = 0;
};

void run_tcp_abuse(const TcpAbuseOptions& options, TcpAbuseResult& result);

}  // namespace gslbd::soak
