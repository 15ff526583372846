// SPDX-License-Identifier: Apache-2.0
#include "server/config/alive_rule.h"

#include <algorithm>

namespace gslbd::server {
namespace {

using Checks = std::vector<std::shared_ptr<const health::Check>>;

constexpr const char* kShape =
    "the name of a check, or {\"all\": [...]}, {\"any\": [...]} or {\"at_least\": 2, \"of\": [...]}";

std::optional<AliveRule> read_leaf(const JsonView& v, const Scope& scope, Checks& checks) {
  const auto& name = v.json().get_ref<const std::string&>();
  const auto check = scope.check(name);
  if (!check) {
    const std::string_view hint = nearest(name, scope.check_names());
    v.error("there is no check " + quote(v.json()) +
            (hint.empty() ? std::string() : "; did you mean \"" + std::string(hint) + "\"?"));
    return std::nullopt;
  }
  const auto known = std::find(checks.begin(), checks.end(), check);
  AliveRule rule;
  rule.check = static_cast<std::uint32_t>(known - checks.begin());
  if (known == checks.end()) checks.push_back(check);
  return rule;
}

bool read_parts(const JsonView& v, const Scope& scope, Checks& checks, std::vector<AliveRule>& out) {
  if (!v.json().is_array() || v.json().empty()) {
    v.expected("a list of rules, at least one");
    return false;
  }
  bool good = true;
  for (std::size_t i = 0; i < v.json().size(); ++i) {
    auto part = read_alive_rule(v.element(i), scope, checks);
    good = good && part.has_value();
    if (part) out.push_back(std::move(*part));
  }
  return good;
}

}  // namespace

std::optional<AliveRule> read_alive_rule(const JsonView& v, const Scope& scope, Checks& checks) {
  const Json& json = v.json();
  if (json.is_string()) return read_leaf(v, scope, checks);
  AliveRule rule;
  std::string list;
  if (json.is_object() && json.size() == 1 && json.contains("all")) {
    rule.kind = AliveRule::Kind::all;
    list = "all";
  } else if (json.is_object() && json.size() == 1 && json.contains("any")) {
    rule.kind = AliveRule::Kind::any;
    list = "any";
  } else if (json.is_object() && json.size() == 2 && json.contains("at_least") && json.contains("of")) {
    rule.kind = AliveRule::Kind::at_least;
    list = "of";
  } else {
    v.expected(kShape);
    return std::nullopt;
  }
  bool good = read_parts(v.member(list), scope, checks, rule.of);
  if (rule.kind == AliveRule::Kind::at_least) {
    const auto of = static_cast<std::int64_t>(json.at("of").size());
    const auto needed = read_integer(v.member("at_least"), 1, std::max<std::int64_t>(of, 1));
    good = good && needed.has_value();
    if (needed) rule.at_least = static_cast<std::uint32_t>(*needed);
  }
  return good ? std::optional(std::move(rule)) : std::nullopt;
}

}  // namespace gslbd::server
