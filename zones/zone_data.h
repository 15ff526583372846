// SPDX-License-Identifier: Apache-2.0
#pragma once
// ZoneData: the RRsets of one zone as they were read, before they are compiled into a table. Flat storage, so
// that a million names cost a few large blocks that go back to the system once the table stands.
//
// Invariants the reader (zones/zone_file.h) guarantees: owner names are within the zone and lower case; every
// RRset of an owner is added in one run, and an owner appears once; (owner, type) is unique; RDATA is valid
// for its type, uncompressed, names in it keep their case; a CNAME stands alone; exactly one SOA, at the
// apex.
//
// Thread: one thread at a time.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/large_array.h"
#include "zones/name.h"
#include "zones/rr_type.h"

namespace gslbd::zones {

class ZoneData {
 public:
  /// One RRset, or the binding of a name to a pool.
  struct Entry {
    std::uint64_t owner_at;  ///< offset of the owner's wire form in the byte store
    std::uint64_t rdata_at;  ///< offset of the first RDATA: each is two octets of length and the data
    std::uint32_t ttl_s;     ///< for a pool binding: kPoolTtl when the pool's own TTL holds
    std::uint32_t pool;      ///< index into pools(); kNoPool for an RRset
    RrType type;             ///< 0 for a pool binding
    std::uint16_t rdata_count;
  };
  static constexpr std::uint32_t kNoPool = 0xffffffff;
  static constexpr std::uint32_t kPoolTtl = 0xffffffff;

  explicit ZoneData(const Name& apex) : apex_(apex.lowercased()) {}

  /// Starts an owner; the RRsets and pool that follow are its. Lower-cases the name. Returns its place for
  /// owner().
  std::uint64_t begin_owner(const Name& owner);
  /// `ttl_s` at most 2^31-1 (RFC 2181 §8).
  void begin_rrset(RrType type, std::uint32_t ttl_s);
  /// Adds one RDATA, at most 65535 octets, to the RRset begun last.
  void add_rdata(std::span<const std::uint8_t> rdata);
  void add_pool(std::string_view pool_name, std::uint32_t ttl_s = kPoolTtl);

  const Name& apex() const { return apex_; }
  std::span<const Entry> entries() const { return {entries_.data(), entries_.size()}; }
  const std::vector<std::string>& pools() const { return pools_; }
  std::span<const std::uint8_t> owner(const Entry& e) const { return owner(e.owner_at); }
  std::span<const std::uint8_t> owner(std::uint64_t owner_at) const;
  /// Calls f(std::span<const std::uint8_t> rdata) for each RDATA of the RRset.
  template <class F>
  void for_each_rdata(const Entry& e, F&& f) const {
    std::uint64_t at = e.rdata_at;
    for (std::uint16_t i = 0; i < e.rdata_count; ++i) {
      const auto n = static_cast<std::size_t>(bytes_[at] << 8 | bytes_[at + 1]);
      f(std::span(bytes_.data() + at + 2, n));
      at += 2 + n;
    }
  }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Name apex_;
  LargeArray<std::uint8_t> bytes_;
  LargeArray<Entry> entries_;
  std::vector<std::string> pools_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> pool_index_;
  std::uint64_t owner_at_ = 0;
};

}  // namespace gslbd::zones
