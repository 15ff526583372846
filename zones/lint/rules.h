// SPDX-License-Identifier: Apache-2.0
#pragma once
// The rules of the linter, one file each. A rule looks at one RRset of one node, or at the whole zone after
// all RRsets were looked at. Every message says what is wrong and, where an RFC does, which section.
//
// A rule is worth having when who is on call would thank us for it, and never speaks of a sane zone.

#include "zones/lint/context.h"

namespace gslbd::zones::linting {

/// The SOA's timers and mailbox; the TTL, number and addresses of the zone's own name servers.
void check_apex(Context& context, NodeView node, RrsetView rrset);
/// Records that no answer can hold, and DS without a delegation.
void check_hidden(Context& context, NodeView node, RrsetView rrset);
/// The names that records point to: do they exist, have they an address, are they aliases?
void check_targets(Context& context, NodeView node, RrsetView rrset);
/// RRsets that contradict themselves: TXT of SPF and DMARC, null MX, SVCB modes; misspelt CAA.
void check_content(Context& context, NodeView node, RrsetView rrset);
/// Owner names that were meant to be absolute.
void check_owner(Context& context, NodeView node);
/// CNAMEs that lead in circles, or over more of them than resolvers follow.
void check_chains(Context& context);

}  // namespace gslbd::zones::linting
