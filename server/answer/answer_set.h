// SPDX-License-Identifier: Apache-2.0
#pragma once
// AnswerSet: a pool, compiled: what it answers to A and to AAAA as things stand. Made by server/steering
// whenever a verdict changes; a query copies from it.
//
// The records lie twice in a row, so that every rotation of n records is one copy of n neighbours.
//
// Thread: immutable once published.

#include <cstdint>
#include <span>
#include <vector>

#include "core/address.h"
#include "core/random.h"
#include "core/siphash.h"

namespace gslbd::server {

enum class Selection : std::uint8_t {
  nodata,    ///< no record of this family: NODATA with the zone's SOA
  rotated,   ///< all records, each time starting with the next one
  weighted,  ///< one record, drawn by weight
  servfail,  ///< the pool is set to answer SERVFAIL when all its members are down
};

/// One cell of Vose's alias table: draw a cell, then keep it with probability threshold / 2^32, else take
/// `alias`.
struct AliasCell {
  std::uint32_t threshold;
  std::uint32_t alias;
};

/// Slow start: which records a part of the clients is given. Parts are told by client_share().
struct RampLevel {
  std::uint32_t below;           ///< of clients whose share is below this
  std::vector<AliasCell> alias;  ///< the table instead of the common one
};

/// The records of one family.
struct AddressAnswers {
  Selection selection = Selection::nodata;
  bool all_down = false;                ///< no member lives: this is what the pool is set to answer then
  std::uint32_t count = 0;              ///< records, each once
  std::uint32_t rr_size = 0;            ///< octets of one record: 16 for A, 28 for AAAA
  std::vector<std::uint8_t> records;    ///< `count` records, twice; owner is a pointer to the question
  std::vector<std::uint32_t> counters;  ///< per record: the answer counter of its site, see Serving
  std::vector<AliasCell> alias;         ///< weighted: one cell a record
  /// Weighted, while members recover: the first level that takes a client in is his; who is in none gets what
  /// `alias` says. Ascending. So as a member's part grows, every client comes to it once and never leaves.
  std::vector<RampLevel> ramp = {};
  std::uint32_t ttl_limit_s = UINT32_MAX;  ///< no record may be given a longer TTL, whatever the name says
};

/// What one answer takes of the records.
struct Chosen {
  std::span<const std::uint8_t> records;
  std::uint32_t count;
  std::uint32_t counter;
};

struct AnswerSet {
  AddressAnswers v4;
  AddressAnswers v6;
  SipHashKey client_key =
      {};  ///< of client_share(): one for all pools and workers, as long as the process lives
};

/// A number that a client's network (its /24, or its /48) has for itself, the same whoever asks from there.
inline std::uint32_t client_share(const SipHashKey& key, const Address& client) noexcept {
  const auto prefix = client.bytes().first(client.is_v4() ? 3 : 6);
  return static_cast<std::uint32_t>(sip_hash(key, prefix) >> 32);
}

/// The table that a client draws from.
inline const std::vector<AliasCell>& table_for(const AddressAnswers& a, const SipHashKey& key,
                                               const Address& client) noexcept {
  if (a.ramp.empty()) return a.alias;
  const std::uint32_t share = client_share(key, client);
  for (const RampLevel& level : a.ramp) {
    if (share < level.below) return level.alias;
  }
  return a.alias;
}

/// `rotation` is the asking worker's place in the rotation of this pool and family; `random` its generator.
/// The selection must be rotated or weighted.
inline Chosen choose(const AddressAnswers& a, const SipHashKey& key, const Address& client,
                     std::uint32_t& rotation, Random& random) noexcept {
  const std::size_t size = a.rr_size;
  if (a.selection == Selection::weighted) {
    const std::uint64_t bits = random.next();
    auto at = static_cast<std::uint32_t>(((bits >> 32) * a.count) >> 32);
    const std::vector<AliasCell>& alias = table_for(a, key, client);
    if (static_cast<std::uint32_t>(bits) >= alias[at].threshold) at = alias[at].alias;
    return {{a.records.data() + at * size, size}, 1, a.counters[at]};
  }
  if (++rotation >= a.count) rotation = 0;
  return {{a.records.data() + rotation * size, a.count * size}, a.count, a.counters[rotation]};
}

}  // namespace gslbd::server
