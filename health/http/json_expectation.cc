// SPDX-License-Identifier: Apache-2.0
#include "health/http/json_expectation.h"

#include <fmt/format.h>

#include "health/types/octets.h"

namespace gslbd::health {
namespace {

// Printing a value takes stack for each level of it.
constexpr int kDeepest = 100;

bool nested_too_deeply(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth > kDeepest) return true;
    } else if (!in_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const JsonExpectation>> JsonExpectation::compile(const std::string& pointer,
                                                                        Json equals) {
  try {
    (void)Json::json_pointer(pointer);
  } catch (const Json::exception&) {
    return fail(
        fmt::format("\"{}\" is no JSON pointer: it is empty or starts with \"/\", and \"~\" stands only in "
                    "\"~0\" and \"~1\"",
                    pointer));
  }
  return std::shared_ptr<const JsonExpectation>(new JsonExpectation(pointer, std::move(equals)));
}

std::optional<std::string> JsonExpectation::mismatch(std::string_view body) const {
  if (nested_too_deeply(body))
    return fmt::format("the JSON in the body is nested deeper than {} levels", kDeepest);
  const Json document = Json::parse(body, nullptr, false);
  if (document.is_discarded()) return fmt::format("the body is no JSON: \"{}\"", printable(body, 80));
  try {
    const Json& found = document.at(Json::json_pointer(pointer_));
    if (found == equals_) return std::nullopt;
    return fmt::format("\"{}\" is {}, wanted {}", pointer_, quote(found), quote(equals_));
  } catch (const Json::exception&) {  // nothing is there
    return fmt::format("there is no \"{}\" in the body, wanted {}", pointer_, quote(equals_));
  }
}

}  // namespace gslbd::health
