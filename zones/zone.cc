// SPDX-License-Identifier: Apache-2.0
#include "zones/zone.h"

namespace gslbd::zones {

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

Name Zone::written_name(std::uint32_t at) const {
  const std::uint8_t* written = &arena_[at];
  std::array<std::uint8_t, kMaxNameLength> wire;
  std::size_t n = 0;
  while (written[n] != 0 && written[n] < kPointerBits) n += std::size_t{written[n]} + 1;
  std::memcpy(wire.data(), written, n);
  if (written[n] == 0) {
    wire[n++] = 0;
  } else {
    const auto apex = apex_.wire();
    std::memcpy(wire.data() + n, apex.data(), apex.size());
    n += apex.size();
  }
  return *Name::from_wire(std::span(wire).first(n));
}

}  // namespace gslbd::zones
