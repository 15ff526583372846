// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "zones/lint/rules.h"

namespace gslbd::zones::linting {
namespace {

// At a cut the parent's side owns NS and DS, and what signs them (RFC 4035 §2.6).
bool belongs_at_cut(RrType t) {
  return t == type::kNs || t == type::kDs || t == type::kNsec || t == type::kRrsig;
}

bool gives_addresses(RrType t) {
  return t == type::kA || t == type::kAaaa || t == kPoolBinding;
}

}  // namespace

void check_hidden(Context& c, NodeView node, RrsetView rrset) {
  const bool below = node.has(kNodeHidden);
  if (!below && !node.has(kNodeCut)) {
    if (rrset.type() != type::kDs) return;
    const bool at_apex = node.relative_name().empty();
    return c.warn(node, type::kDs,
                  at_apex ? "the DS of a zone belongs into its parent (RFC 4035 §2.4)"
                          : "a DS without NS: it belongs where a zone is delegated (RFC 4035 §2.4)");
  }
  if (!below && belongs_at_cut(rrset.type())) return;
  const NodeView top = below ? c.zone().node(node.link()) : node;
  if (top.has(kNodeCut) && gives_addresses(rrset.type()) && c.is_glue(node)) return;
  c.warn(node, rrset.type(),
         fmt::format("hidden: the name is {} {} {}", below ? "below" : "at",
                     top.has(kNodeCut) ? "the zone cut" : "the DNAME", c.zone().owner(top).to_string()));
}

}  // namespace gslbd::zones::linting
