// SPDX-License-Identifier: Apache-2.0
// Any octets as a PROXY header: read whole or in part, it stays the same header, and never reaches beyond
// what is there.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "server/net/proxy_header.h"

using namespace gslbd::server;

namespace {

using State = ProxyHeader::State;

void check(std::span<const std::uint8_t> octets, Transport transport) {
  // A copy of just that length: the address sanitizer sees an octet too many.
  const std::vector<std::uint8_t> exact(octets.begin(), octets.end());
  const ProxyHeader all = parse_proxy_header(exact, transport);
  const bool done = all.state == State::local || all.state == State::proxied;
  if (done && (all.size < 16 || all.size > octets.size() || all.size > kMaxProxyHeaderSize)) std::abort();
  if (!done && all.size != 0) std::abort();
  // As it arrives, octet by octet: incomplete for a while, then what it is in the end, and no way back.
  bool decided = false;
  for (std::size_t n = 0; n <= octets.size() && n <= kMaxProxyHeaderSize; ++n) {
    const std::vector<std::uint8_t> part(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n));
    const ProxyHeader header = parse_proxy_header(part, transport);
    if (header.state == State::incomplete) {
      if (decided) std::abort();
      continue;
    }
    decided = true;
    if (header.state != all.state || header.size != all.size || header.client != all.client) std::abort();
    if (done && n < all.size) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, size}, Transport::tcp);
  check({data, size}, Transport::udp);
  return 0;
}
