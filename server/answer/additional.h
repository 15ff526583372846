// SPDX-License-Identifier: Apache-2.0
#pragma once
// The additional section (RFC 1034 §4.3.2 step 6): the addresses of the hosts that an RRset names. Which
// nodes have them was found when the zones were loaded (zones/node.h, server/answer/serving.h); here they are
// copied.
//
// An RRset goes in whole or not at all, and what does not fit is left out without a word, but for the glue
// that a resolver cannot do without (RFC 9471 §3.1).
//
// Thread: its worker's.

#include "server/answer/pool_records.h"

namespace gslbd::server {

/// An RRset as it stands in the message.
struct PlacedRrset {
  const ServedZone& zone;
  zones::RrsetView rrset;
  std::size_t at;  ///< where its block begins
  Place place;     ///< of its owner, and of its zone's apex
};

class Additional {
 public:
  Additional(const Serving& serving, PoolRecords& pools, MessageWriter& out)
      : serving_(serving), pools_(pools), out_(out) {}

  /// The addresses of the hosts of an answer.
  void add(const PlacedRrset& from) noexcept;
  /// The glue of a referral. False: some that the resolver needs does not fit, so that TC must be set.
  bool add_glue(const PlacedRrset& ns) noexcept;

 private:
  struct Host {
    const ServedZone* zone = nullptr;  // null: nobody's, or out of a pointer's reach
    zones::NodeView node;
    Place place{0, 0};
  };

  Host locate(const PlacedRrset& from, zones::AdditionalEntry entry) const noexcept;
  bool add_host(const PlacedRrset& from, zones::AdditionalEntry entry) noexcept;
  bool add_rrset(const Host& host, zones::RrType type) noexcept;

  const Serving& serving_;
  PoolRecords& pools_;
  MessageWriter& out_;
};

}  // namespace gslbd::server
