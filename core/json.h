// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON documents that know where they are: every value can name its file and JSON pointer (RFC 6901), so that
// a bad setting is reported at its place, and reading goes on to find the next one.
//
//   auto document = parse_json(text, "gslbd.json", diagnostics);
//   JsonView root(*document, "gslbd.json", diagnostics);
//   read_object<Config>(root, kConfigFields, config);       // core/json_fields.h
//
// Comments (// and /* */) are allowed; a key given twice in one object is an error.
//
// Thread: a document and its views, one thread at a time.

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/diagnostics.h"
#include "core/prefix.h"
#include "core/result.h"
#include "core/time.h"

namespace gslbd {

using Json = nlohmann::json;

/// A large object that a caller wants member by member, for parse_json.
struct MemberStream {
  /// Under which key of the document, which is an object, it stands.
  std::string_view key = {};
  /// Before the first member: what the document has up to there, an empty object in place of the large one.
  std::function<void(const Json& before)> begin = {};
  std::function<void(const std::string& key, const Json& value)> member = {};
};

/// Parses `text`. Syntax errors ("line 3, column 7") and duplicate keys go to `diagnostics`; nullopt when the
/// text could not be parsed to its end. The members of `stream`, if any, are handed over one by one and not
/// kept: the document then holds an empty object there. A zone of a million names is read this way, with
/// memory for one name at a time. Duplicate keys of that object itself are for the caller to find.
std::optional<Json> parse_json(std::string_view text, const std::string& file, Diagnostics& diagnostics,
                               const MemberStream& stream = {});

/// The whole file. Errors say why: missing, a directory, unreadable.
Result<std::string> read_file(const std::string& path);

/// "~" and "/" escaped for one step of a JSON pointer.
std::string escape_pointer_token(std::string_view token);

/// A value in a document: what is there, where it is, and where complaints about it go.
class JsonView {
 public:
  /// The root of a document, or of a streamed member when `pointer` says so.
  JsonView(const Json& value, const std::string& file, Diagnostics& diagnostics, std::string pointer = {})
      : value_(&value), file_(&file), diagnostics_(&diagnostics), pointer_(std::move(pointer)) {}

  const Json& json() const { return *value_; }
  const std::string& file() const { return *file_; }
  const std::string& pointer() const { return pointer_; }
  Diagnostics& diagnostics() const { return *diagnostics_; }

  JsonView member(const std::string& key) const;  ///< `key` must exist
  JsonView element(std::size_t index) const;      ///< `index` must exist

  /// Reports at this place.
  void error(std::string message) const;
  void warning(std::string message) const;
  /// "expected <what>, found 3"
  void expected(std::string_view what) const;

 private:
  const Json* value_;
  const std::string* file_;
  Diagnostics* diagnostics_;
  std::string pointer_;
};

// Typed reading. Each returns nullopt after reporting an error at the value's place.
std::optional<std::string> read_string(const JsonView& v);
std::optional<bool> read_bool(const JsonView& v);
/// "0 is outside 1 to 65535"
std::optional<std::int64_t> read_integer(const JsonView& v, std::int64_t min, std::int64_t max);
std::optional<double> read_number(const JsonView& v, double min, double max);
/// A string with a unit, or a number of seconds.
std::optional<Duration> read_duration(const JsonView& v, Duration min, Duration max);
std::optional<Address> read_address(const JsonView& v);
/// One string or a list of strings; elements that are not strings are reported and left out.
std::vector<std::string> read_strings(const JsonView& v);
/// One prefix or a list of them: "192.0.2.0/24", "2001:db8::/32", or an address; wrong ones are reported and
/// left out.
std::vector<Prefix> read_prefixes(const JsonView& v);
/// The index of the string in `choices`; a wrong one is answered with the nearest.
std::optional<std::size_t> read_choice(const JsonView& v, const std::vector<std::string_view>& choices);

/// The candidate most like `word` (edit distance at most a third of its length), or empty: for "did you
/// mean".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// A JSON value as a short quotation for a message: long ones are cut.
std::string quote(const Json& value);

}  // namespace gslbd
