// SPDX-License-Identifier: Apache-2.0
#pragma once
// UdpFlood: hostile datagrams to a server on IPv4 loopback, each from an address of its own in 127.0.0.0/8,
// from ports that change. Nobody reads the answers.
//
// A flood that only overran the server's socket buffers would test the kernel: after every window of packets
// it waits until the server has answered a few plain questions, which queue behind them.
//
// Thread: one.

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace gslbd::soak {

struct UdpFloodOptions {
  Endpoint server;
  std::uint64_t packets = 0;
  std::uint64_t seed = 1;
  /// Packets between two waits; 0: never wait.
  std::uint32_t window = 256;
  std::vector<std::string_view> names;  ///< the first gets the plain questions
};

struct UdpFloodResult {
  std::atomic<std::uint64_t> sent = 0;
  std::uint64_t refused = 0;  ///< by the kernel
  std::uint64_t waits = 0;
  std::uint64_t waits_in_vain = 0;  ///< no answer within a second
  double seconds = 0;
};

void run_udp_flood(const UdpFloodOptions& options, UdpFloodResult& result);

}  // namespace gslbd::soak
