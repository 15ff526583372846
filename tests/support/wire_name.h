// SPDX-License-Identifier: Apache-2.0
#pragma once
// A name as wire octets, for tests that must not use the server's own code.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gslbd::test {

/// "www.example" without escapes or final dot; "" is the root.
inline std::vector<std::uint8_t> plain_wire_name(std::string_view text) {
  std::vector<std::uint8_t> out;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  out.push_back(0);
  return out;
}

}  // namespace gslbd::test
