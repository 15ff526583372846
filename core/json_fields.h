// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings as tables. One row per option drives the reader, the error for unknown keys, and the reference
// page (a test holds docs/reference equal to the tables).

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace gslbd {

/// One option of an object that is read into a `T`.
template <class T>
struct Field {
  std::string_view key;
  std::string_view type;      ///< as the reference page prints it: "duration, 10ms to 1h"
  std::string_view fallback;  ///< the default as the page prints it; "required" makes the key mandatory
  std::string_view help;      ///< one sentence
  void (*read)(const JsonView& value, T& target);
};

/// One option as the reference page prints it.
struct FieldDoc {
  std::string key;  ///< "interval"; "expect.status" for one of a nested object
  std::string_view type;
  std::string_view fallback;
  std::string_view help;
};

/// Reads every known key of the object `v` into `target`; reports a value that is no object, unknown keys
/// with the nearest known one, and required keys that are missing. `also_known` are keys that somebody else
/// reads.
template <class T>
void read_object(const JsonView& v, std::span<const Field<T>> fields, T& target,
                 const std::vector<std::string_view>& also_known = {}) {
  if (!v.json().is_object()) return v.expected("an object");
  std::vector<std::string_view> known = also_known;
  for (const auto& field : fields) known.push_back(field.key);
  for (const auto& [key, unused] : v.json().items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view hint = nearest(key, known);
    v.member(key).error("unknown key \"" + key + "\"" +
                        (hint.empty() ? std::string() : "; did you mean \"" + std::string(hint) + "\"?"));
  }
  for (const auto& field : fields) {
    const std::string key(field.key);
    if (v.json().contains(key)) {
      field.read(v.member(key), target);
    } else if (field.fallback == "required") {
      v.error("the key \"" + key + "\" is missing (" + std::string(field.type) + ")");
    }
  }
}

}  // namespace gslbd
