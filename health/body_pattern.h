// SPDX-License-Identifier: Apache-2.0
#pragma once
// A regular expression that is searched in the body of a response (RE2 syntax: linear time whatever the
// input, so that a hostile body cannot stall the health thread). body_pattern.cc is the only file that knows
// RE2.
//
// Thread: matches() from any.

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gslbd::health {

class BodyPattern {
 public:
  /// What "." and "\xff" in the pattern stand for: a character of UTF-8, or an octet.
  enum class Over { text, octets };

  /// The error says what is wrong with the pattern.
  static Result<std::shared_ptr<const BodyPattern>> compile(const std::string& pattern,
                                                            Over over = Over::text);
  virtual ~BodyPattern() = default;

  virtual const std::string& text() const = 0;
  /// True when the pattern occurs anywhere in `body`; bytes that are not UTF-8 are allowed.
  virtual bool matches(std::string_view body) const = 0;
};

}  // namespace gslbd::health
