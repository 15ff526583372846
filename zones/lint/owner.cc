// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "zones/lint/rules.h"

namespace gslbd::zones::linting {

// "www.example.com" as a key in the zone example.com means www.example.com.example.com.
void check_owner(Context& c, NodeView node) {
  const auto relative = node.relative_name();
  const auto apex = c.zone().apex().wire();
  // Under a short apex ("example") such names are ordinary.
  const std::size_t repeated = apex.size() - 1;
  if (node.rrset_count() == 0 || c.zone().apex_labels() < 2 || relative.size() < repeated) return;
  std::size_t at = 0;
  while (relative.size() - at > repeated) at += std::size_t{relative[at]} + 1;
  if (relative.size() - at != repeated || std::memcmp(&relative[at], apex.data(), repeated) != 0) return;
  c.warn(node, Context::kAnyType,
         fmt::format("the name is {}: is its final dot missing?", c.zone().owner(node).to_string()));
}

}  // namespace gslbd::zones::linting
