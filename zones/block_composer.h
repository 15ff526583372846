// SPDX-License-Identifier: Apache-2.0
#pragma once
// BlockComposer: one RRset as a block (zones/node.h): its RRs in wire form, the places of its apex pointers,
// and the hosts it names. Names are compressed only in the types that RFC 3597 §4 allows, and only against
// the apex: it is the one name that every answer of a zone holds.
//
// Thread: a value of one thread, reused for every RRset so that its memory is too.

#include <cstdint>
#include <span>
#include <vector>

#include "zones/node.h"
#include "zones/query_name.h"

namespace gslbd::zones {

class BlockComposer {
 public:
  /// `apex` must outlive the composer.
  explicit BlockComposer(std::span<const std::uint8_t> apex) : apex_(apex) {}

  /// Starts an RRset of that owner, which must stay where it is until the next.
  void begin(std::span<const std::uint8_t> owner);
  /// Adds one RR. `rdata` is uncompressed, well formed, and must stay where it is until the next begin().
  void add(RrType type, std::uint32_t ttl_s, std::span<const std::uint8_t> rdata);
  /// Makes the block these octets, which are no RR: a pool's binding.
  void set_raw(const void* data, std::size_t size);

  std::span<const std::uint8_t> bytes() const { return bytes_; }
  std::span<const std::uint16_t> moves() const { return moves_; }
  std::uint16_t rr_count() const { return rr_count_; }
  /// The hosts named so far, each once, in the order of the RRs; AdditionalResolver completes them.
  std::span<const AdditionalEntry> additional() const { return additional_; }

 private:
  void append(std::span<const std::uint8_t> data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  void append_name(std::span<const std::uint8_t> name);
  void note_target(RrType type, std::span<const std::uint8_t> rdata, std::size_t rdata_at);

  std::span<const std::uint8_t> apex_;
  std::span<const std::uint8_t> owner_;
  std::size_t apex_pointer_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint16_t> moves_;
  std::vector<AdditionalEntry> additional_;
  std::vector<std::span<const std::uint8_t>> targets_;  // the names of additional_
  std::uint16_t rr_count_ = 0;
};

}  // namespace gslbd::zones
