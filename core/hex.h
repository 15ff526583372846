// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hexadecimal digits.
//
// Thread: pure.

namespace gslbd {

/// 0 to 15; -1: no hexadecimal digit. Locale has no say.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace gslbd
