// SPDX-License-Identifier: Apache-2.0
#include "zones/zone.h"

namespace gslbd::zones {

std::span<const GlueEntry> Zone::glue(NodeView cut) const {
  const std::uint8_t* at = &arena_[cut.link()];
  const auto count = load<std::uint32_t>(at);
  // The builder aligns glue lists to 4 octets.
  return {reinterpret_cast<const GlueEntry*>(at + sizeof(std::uint32_t)), count};
}

NodeOffset Zone::next_node(NodeOffset at) const {
  const NodeView n = node(at);
  const std::uint8_t* end = n.relative_name().data() + round_to_even(n.relative_name().size());
  n.for_each_rrset([&](RrsetView rrset) {
    end = rrset.next();
    return true;
  });
  return static_cast<NodeOffset>(end - arena_.data());
}

Name Zone::owner(NodeView node) const {
  std::array<std::uint8_t, kMaxNameLength> wire;
  const auto relative = node.relative_name();
  std::copy(relative.begin(), relative.end(), wire.begin());
  const auto apex = apex_.wire();
  std::copy(apex.begin(), apex.end(), wire.begin() + static_cast<std::ptrdiff_t>(relative.size()));
  return *Name::from_wire(std::span(wire).first(relative.size() + apex.size()));
}

}  // namespace gslbd::zones
