// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads records back out of a compiled zone, uncompressed: for exports and for tests, not for answers.
//
// Thread: any.

#include <vector>

#include "zones/zone.h"

namespace gslbd::zones {

/// Calls f(std::uint32_t ttl_s, std::span<const std::uint8_t> rdata) for each record of an RRset (not of a
/// pool binding); names in the RDATA are whole.
template <class F>
void for_each_record(const Zone& zone, RrsetView rrset, F&& f) {
  const auto block = rrset.block();
  const auto apex = zone.apex().wire();
  std::size_t move = 0;
  std::vector<std::uint8_t> rdata;
  for (std::size_t at = 0; at < block.size();) {
    const std::uint8_t* ttl = &block[at + kRrTtlAt];
    const auto ttl_s = static_cast<std::uint32_t>(load_be16(ttl)) << 16 | load_be16(ttl + 2);
    const std::size_t end = at + kRrDataAt + load_be16(&block[at + kRrLengthAt]);
    rdata.clear();
    for (at += kRrDataAt; at < end;) {
      if (move < rrset.move_count() && rrset.move(move) == at) {
        rdata.insert(rdata.end(), apex.begin(), apex.end());
        at += 2;
        ++move;
      } else {
        rdata.push_back(block[at++]);
      }
    }
    f(ttl_s, std::span<const std::uint8_t>(rdata));
  }
}

}  // namespace gslbd::zones
