// SPDX-License-Identifier: Apache-2.0
#pragma once
// lookup: what a zone says about a name, by RFC 1034 §4.3.2 step 3 with RFC 4592's wildcards. It finds the
// node; which of its RRsets answer is the responder's affair.
//
// Thread: any; allocates nothing.

#include "zones/zone.h"

namespace gslbd::zones {

enum class Found : std::uint8_t {
  node,      ///< `node` is the name's own, or the wildcard that stands for it
  nothing,   ///< the name does not exist (NXDOMAIN)
  referral,  ///< `node` is the zone cut at or above the name
  dname,     ///< `node` above the name owns a DNAME: the name is elsewhere (RFC 6672)
};

struct LookupResult {
  Found found = Found::nothing;
  NodeView node;
  std::size_t skipped_labels = 0;  ///< referral, dname: how many labels of the name lie left of the node's
};

/// `name` must be within the zone. At the cut itself the cut is reported; the caller knows about DS (RFC 4035
/// §3.1.4.1).
inline LookupResult lookup(const Zone& zone, const QueryName& name) {
  const std::size_t depth = name.label_count() - zone.apex_labels();
  const auto elsewhere = [&](NodeView owner) -> LookupResult {
    // The name ends in the owner's: their lengths tell how many labels lie left of it.
    const std::size_t owner_length = owner.relative_name().size() + zone.apex_length();
    std::size_t skipped = 0;
    while (name.suffix(skipped).size() > owner_length) ++skipped;
    return {owner.has(kNodeCut) ? Found::referral : Found::dname, owner, skipped};
  };

  for (std::size_t skip = 0; skip <= depth; ++skip) {
    const NodeView node = zone.find(name, skip);
    if (!node) continue;
    if (node.has(kNodeHidden)) return elsewhere(zone.node(node.link()));
    if (node.has(kNodeCut)) return elsewhere(node);       // step 3b
    if (skip == 0) return {Found::node, node};            // step 3a
    if (node.has(kNodeHasDname)) return elsewhere(node);  // RFC 6672 §3.2 step 3c
    // Step 3c: `node` is the closest encloser.
    if (!node.has(kNodeHasWildcard)) return {};
    return {Found::node, zone.find_wildcard(name, skip)};
  }
  return {};  // not reached: the apex is a node
}

}  // namespace gslbd::zones
