// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gslbd {

std::string escape_pointer_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

JsonView JsonView::member(const std::string& key) const {
  return {value_->at(key), *file_, *diagnostics_, pointer_ + "/" + escape_pointer_token(key)};
}

JsonView JsonView::element(std::size_t index) const {
  return {value_->at(index), *file_, *diagnostics_, pointer_ + "/" + std::to_string(index)};
}

void JsonView::error(std::string message) const {
  diagnostics_->error(*file_, pointer_, std::move(message));
}
void JsonView::warning(std::string message) const {
  diagnostics_->warning(*file_, pointer_, std::move(message));
}

void JsonView::expected(std::string_view what) const {
  error(fmt::format("expected {}, found {}", what, quote(*value_)));
}

std::optional<std::string> read_string(const JsonView& v) {
  if (v.json().is_string()) return v.json().get<std::string>();
  v.expected("a string");
  return std::nullopt;
}

std::optional<bool> read_bool(const JsonView& v) {
  if (v.json().is_boolean()) return v.json().get<bool>();
  v.expected("true or false");
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const JsonView& v, std::int64_t min, std::int64_t max) {
  const Json& j = v.json();
  if (!j.is_number_integer()) {
    v.expected(fmt::format("a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  const bool too_large =
      j.is_number_unsigned() && j.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (too_large || j.get<std::int64_t>() < min || j.get<std::int64_t>() > max) {
    v.error(fmt::format("{} is outside {} to {}", j.dump(), min, max));
    return std::nullopt;
  }
  return j.get<std::int64_t>();
}

std::optional<double> read_number(const JsonView& v, double min, double max) {
  if (!v.json().is_number()) {
    v.expected(fmt::format("a number from {} to {}", min, max));
    return std::nullopt;
  }
  const double number = v.json().get<double>();
  if (number >= min && number <= max) return number;
  v.error(fmt::format("{} is outside {} to {}", v.json().dump(), min, max));
  return std::nullopt;
}

std::optional<Duration> read_duration(const JsonView& v, Duration min, Duration max) {
  std::optional<Duration> d;
  if (v.json().is_string()) {
    d = parse_duration(v.json().get_ref<const std::string&>());
  } else if (v.json().is_number()) {
    const double seconds = v.json().get<double>();
    // Past three centuries the nanoseconds no longer fit; the range error below says the rest.
    d = Duration(static_cast<std::int64_t>(std::clamp(seconds, -9.0e9, 9.0e9) * 1e9));
  }
  if (!d) {
    v.expected("a duration such as \"250ms\", \"2s\", \"5m\", \"1h\" or a number of seconds");
    return std::nullopt;
  }
  if (*d < min || *d > max) {
    v.error(
        fmt::format("{} is outside {} to {}", quote(v.json()), format_duration(min), format_duration(max)));
    return std::nullopt;
  }
  return d;
}

std::optional<Address> read_address(const JsonView& v) {
  const auto text = read_string(v);
  if (!text) return std::nullopt;
  const auto address = Address::parse(*text);
  if (address) return *address;
  v.error(address.error().message);
  return std::nullopt;
}

std::vector<std::string> read_strings(const JsonView& v) {
  std::vector<std::string> out;
  if (v.json().is_string()) {
    out.push_back(v.json().get<std::string>());
  } else if (v.json().is_array()) {
    for (std::size_t i = 0; i < v.json().size(); ++i) {
      if (auto text = read_string(v.element(i))) out.push_back(std::move(*text));
    }
  } else {
    v.expected("a string or a list of strings");
  }
  return out;
}

std::vector<Prefix> read_prefixes(const JsonView& v) {
  std::vector<Prefix> out;
  const auto add = [&](const JsonView& element) {
    const auto text = read_string(element);
    if (!text) return;
    const auto prefix = Prefix::parse(*text);
    if (!prefix) return element.error(prefix.error().message);
    out.push_back(*prefix);
  };
  if (v.json().is_array()) {
    for (std::size_t i = 0; i < v.json().size(); ++i) add(v.element(i));
  } else if (v.json().is_string()) {
    add(v);
  } else {
    v.expected("a prefix such as \"192.0.2.0/24\", or a list of them");
  }
  return out;
}

std::optional<std::size_t> read_choice(const JsonView& v, const std::vector<std::string_view>& choices) {
  const auto text = read_string(v);
  if (!text) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const std::string_view hint = nearest(*text, choices);
  v.error(fmt::format("{} is none of {}{}", quote(v.json()), fmt::join(choices, ", "),
                      hint.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", hint)));
  return std::nullopt;
}

namespace {

// Optimal string alignment: two neighbours swapped, the commonest slip, count as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, substituted});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word.size() + best_distance || word.size() > candidate.size() + best_distance)
      continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  if (!best.empty()) return best;
  // Half a word is a slip too: "token" for "token_file".
  constexpr std::size_t kTelling = 4;
  for (const std::string_view candidate : candidates) {
    if (word.size() >= kTelling && candidate.substr(0, word.size()) == word) return candidate;
  }
  return {};
}

std::string quote(const Json& value) {
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t kLongest = 80;
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  return text;
}

}  // namespace gslbd
