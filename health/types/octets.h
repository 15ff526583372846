// SPDX-License-Identifier: Apache-2.0
#pragma once
// Octets as settings write them and as messages show them.
//
// Thread: pure.

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gslbd::health {

/// "0x" and an even number of hexadecimal digits, or else the text itself. The error says what is wrong with
/// the digits.
Result<std::string> parse_octets(std::string_view text);

/// What a peer said, fit for a log and a web page: well-formed UTF-8 (RFC 3629) without control characters
/// stays as it is, any other octet becomes "\x1b". At most `longest` octets long; "..." at the end says that
/// something was cut.
std::string printable(std::string_view octets, std::size_t longest = 200);

}  // namespace gslbd::health
