// SPDX-License-Identifier: Apache-2.0
#pragma once
// "The JSON in the body has this value there": a JSON pointer (RFC 6901) and what must stand at it.
//
// Thread: immutable once compiled; any.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/result.h"

namespace gslbd::health {

class JsonExpectation {
 public:
  /// The error says what is wrong with the pointer.
  static Result<std::shared_ptr<const JsonExpectation>> compile(const std::string& pointer, Json equals);

  /// What is wrong with `body`, as a sentence; nullopt when it is as expected. Never throws, whatever the
  /// body.
  std::optional<std::string> mismatch(std::string_view body) const;

  const std::string& pointer() const { return pointer_; }
  const Json& equals() const { return equals_; }

 private:
  JsonExpectation(std::string pointer, Json equals)
      : pointer_(std::move(pointer)), equals_(std::move(equals)) {}

  std::string pointer_;
  Json equals_;
};

}  // namespace gslbd::health
