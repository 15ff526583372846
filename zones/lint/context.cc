// SPDX-License-Identifier: Apache-2.0
#include "zones/lint/context.h"

#include <algorithm>

#include "core/address.h"
#include "core/json.h"
#include "zones/rdata.h"

namespace gslbd::zones::linting {

Context::Context(const Zone& zone, const std::string& file, Diagnostics& diagnostics)
    : zone_(zone), file_(file), budget_(file, diagnostics) {
  zone.for_each_node([&](NodeView node) {
    if (!node.has(kNodeCut)) return;
    for (const AdditionalEntry entry : node.rrset(type::kNs).additional()) {
      if ((entry.flags & kExternal) != 0) continue;
      const NodeView server = zone.node(entry.node);
      if (server.has(kNodeHidden) || server.has(kNodeCut)) glues_.push_back(server.relative_name().data());
    }
  });
  std::sort(glues_.begin(), glues_.end());
  for (std::size_t i = 0; i < zone.external_target_count() && !address_like_targets_; ++i) {
    address_like_targets_ = is_address_like(zone.external_target(i), zone.apex());
  }
}

LookupResult Context::find(const Name& name) {
  query_.assign(name.wire());
  return lookup(zone_, query_);
}

NodeView Context::find_exactly(const Name& name) {
  query_.assign(name.wire());
  return zone_.find(query_, 0);
}

bool Context::is_glue(NodeView node) const {
  return std::binary_search(glues_.begin(), glues_.end(), node.relative_name().data());
}

void Context::warn(NodeView owner, RrType t, std::string message) {
  std::string where = "/soa";
  if (t != type::kSoa) {
    where = "/records/" + escape_pointer_token(zone_.owner(owner).relative_to(zone_.apex()));
    if (t == kPoolBinding) {
      where += "/pool";
    } else if (t != kAnyType) {
      where += "/" + type_to_text(t);
    }
  }
  budget_.scratch().warning(file_, std::move(where), std::move(message));
  budget_.drain();
}

bool is_address_like(const Name& name, const Name& apex) {
  const std::size_t below = name.is_within(apex) ? apex.label_count() : 0;
  if (name.label_count() != below + 4) return false;
  std::string text = name.relative_to(apex);
  if (text.ends_with('.')) text.pop_back();
  return Address::parse(text).has_value();
}

}  // namespace gslbd::zones::linting
