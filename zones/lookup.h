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
};

struct LookupResult {
  Found found = Found::nothing;
  NodeView node;
  std::size_t skipped_labels = 0;  ///< referral: how many labels of the name lie left of the cut's
};

/// `name` must be within the zone. At the cut itself the cut is reported; the caller knows about DS (RFC 4035
/// §3.1.4.1).
inline LookupResult lookup(const Zone& zone, const QueryName& name) {
  const std::size_t depth = name.label_count() - zone.apex_labels();
  const auto referral = [&](NodeView at_or_below) -> LookupResult {
    const NodeView cut = at_or_below.has(kNodeBelowCut) ? zone.node(at_or_below.link()) : at_or_below;
    // The name ends in the cut's name: their lengths tell how many labels lie left of it.
    const std::size_t cut_length = cut.relative_name().size() + zone.apex_length();
    std::size_t skipped = 0;
    while (name.suffix(skipped).size() > cut_length) ++skipped;
    return {Found::referral, cut, skipped};
  };

  for (std::size_t skip = 0; skip <= depth; ++skip) {
    const NodeView node = zone.find(name, skip);
    if (!node) continue;
    if (node.has(kNodeBelowCut) || node.has(kNodeCut)) return referral(node);  // step 3b
    if (skip == 0) return {Found::node, node};                                 // step 3a
    // Step 3c: `node` is the closest encloser.
    if (!node.has(kNodeHasWildcard)) return {};
    const NodeView wildcard = zone.find_wildcard(name, skip);
    return {Found::node, wildcard};
  }
  return {};  // not reached: the apex is a node
}

}  // namespace gslbd::zones
