// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the rules of the linter share: the zone, how to find out what it says about a name, and where their
// warnings go.
//
// Thread: one thread at a time.

#include <string>
#include <utility>
#include <vector>

#include "zones/diagnostics_budget.h"
#include "zones/lookup.h"
#include "zones/zone.h"

namespace gslbd::zones::linting {

class Context {
 public:
  Context(const Zone& zone, const std::string& file, Diagnostics& diagnostics);

  const Zone& zone() const { return zone_; }
  Name apex() const { return zone_.apex(); }

  /// What a question for the name finds, by the very function that answers; the name must be in the zone.
  LookupResult find(const Name& name);
  /// The node of exactly that name, hidden or not.
  NodeView find_exactly(const Name& name);
  /// Whether the addresses of a node at or below a cut are glue of that cut or of another.
  bool is_glue(NodeView node) const;
  /// Whether some name outside the zone reads like an address: rare, and so looked for once.
  bool has_address_like_targets() const { return address_like_targets_; }

  /// A CNAME of the zone that leads to another; see chains.cc.
  void note_link(NodeView from, NodeView to) { links_.push_back({from, to}); }
  const std::vector<std::pair<NodeView, NodeView>>& links() const { return links_; }

  /// At "/records/<owner>/<type>"; "/soa" for the SOA; "/records/<owner>" for kAnyType.
  void warn(NodeView owner, RrType type, std::string message);
  static constexpr RrType kAnyType = 0xffff;
  void finish() { budget_.finish(); }

 private:
  const Zone& zone_;
  const std::string& file_;
  DiagnosticsBudget budget_;
  QueryName query_;                         // scratch
  std::vector<const std::uint8_t*> glues_;  // relative_name().data() of the nodes that are glue, sorted
  std::vector<std::pair<NodeView, NodeView>> links_;
  bool address_like_targets_ = false;
};

/// "192.0.2.1." and, in a zone, "192.0.2.1.example.com.": an address written where a name belongs.
bool is_address_like(const Name& name, const Name& apex);

}  // namespace gslbd::zones::linting
