// SPDX-License-Identifier: Apache-2.0
#include "server/config/alive_rule.h"

#include <fmt/format.h>

#include <algorithm>

namespace gslbd::server {
namespace {

using Checks = std::vector<std::shared_ptr<const health::Check>>;
using Kind = AliveRule::Kind;

constexpr const char* kShape =
    "the name of a check, or {\"all\": [...]}, {\"any\": [...]}, {\"not\": ...} or {\"at_least\": 2, "
    "\"of\": [...]}";

class RuleReader {
 public:
  RuleReader(const Scope& scope, Checks& checks) : scope_(scope), checks_(checks) {}

  std::optional<AliveRule> read(const JsonView& v) {
    const Json& json = v.json();
    if (json.is_string()) return read_name(v);
    const auto only = [&](const char* key) {
      return json.is_object() && json.size() == 1 && json.contains(key);
    };
    if (only("all")) return read_joint(Kind::all, v.member("all"), nullptr);
    if (only("any")) return read_joint(Kind::any, v.member("any"), nullptr);
    if (only("not")) return read_joint(Kind::negated, v.member("not"), nullptr);
    if (json.is_object() && json.size() == 2 && json.contains("at_least") && json.contains("of")) {
      const JsonView at_least = v.member("at_least");
      return read_joint(Kind::at_least, v.member("of"), &at_least);
    }
    v.expected(kShape);
    return std::nullopt;
  }

  std::optional<AliveRule> read_joint(Kind kind, const JsonView& parts, const JsonView* at_least) {
    if (!spend(parts, 1)) return std::nullopt;
    AliveRule rule;
    rule.kind = kind;
    ++depth_;
    bool good = kind == Kind::negated ? read_part(parts, rule) : read_parts(parts, rule);
    --depth_;
    if (kind == Kind::at_least) {
      const auto most = parts.json().is_array() ? static_cast<std::int64_t>(parts.json().size()) : 1;
      const auto needed = read_integer(*at_least, 1, std::max<std::int64_t>(most, 1));
      good = good && needed.has_value();
      rule.at_least = static_cast<std::uint32_t>(needed.value_or(1));
    }
    return good ? std::optional(std::move(rule)) : std::nullopt;
  }

 private:
  bool read_part(const JsonView& v, AliveRule& joint) {
    if (depth_ > kMaxRuleDepth) {
      v.error(fmt::format("the rule is more than {} deep", kMaxRuleDepth));
      return false;
    }
    auto part = read(v);
    if (part) joint.of.push_back(std::move(*part));
    return part.has_value();
  }

  bool read_parts(const JsonView& v, AliveRule& joint) {
    if (!v.json().is_array() || v.json().empty()) {
      v.expected("a list of rules, at least one");
      return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < v.json().size(); ++i) good = read_part(v.element(i), joint) && good;
    return good;
  }

  std::optional<AliveRule> read_name(const JsonView& v) {
    const auto& name = v.json().get_ref<const std::string&>();
    if (const auto check = scope_.check(name)) {
      if (!spend(v, 1)) return std::nullopt;
      return leaf(check);
    }
    if (const CombinedCheck* combined = scope_.combined(name)) return adopt(v, *combined);
    const std::string_view hint = nearest(name, scope_.check_names());
    v.error("there is no check " + quote(v.json()) +
            (hint.empty() ? std::string() : "; did you mean \"" + std::string(hint) + "\"?"));
    return std::nullopt;
  }

  AliveRule leaf(const std::shared_ptr<const health::Check>& check) {
    const auto known = std::find(checks_.begin(), checks_.end(), check);
    AliveRule rule;
    rule.check = static_cast<std::uint32_t>(known - checks_.begin());
    if (known == checks_.end()) checks_.push_back(check);
    return rule;
  }

  // A combined check's rule, its leaves renumbered to be ours. One with a mistake has none: that was said.
  std::optional<AliveRule> adopt(const JsonView& v, const CombinedCheck& combined) {
    if (!combined.rule) return std::nullopt;
    if (depth_ + combined.depth > kMaxRuleDepth) {
      v.error(fmt::format("with this the rule is more than {} deep", kMaxRuleDepth));
      return std::nullopt;
    }
    if (!spend(v, combined.size)) return std::nullopt;
    AliveRule rule = *combined.rule;
    renumber(rule, combined);
    return rule;
  }

  void renumber(AliveRule& rule, const CombinedCheck& from) {
    if (rule.kind == Kind::check) rule.check = leaf(from.checks[rule.check]).check;
    for (AliveRule& part : rule.of) renumber(part, from);
  }

  // Combining the combined makes rules that double with every step: said once, then the rest is left unread.
  bool spend(const JsonView& v, std::size_t amount) {
    if (size_ > kMaxRuleSize) return false;
    size_ += amount;
    if (size_ <= kMaxRuleSize) return true;
    v.error(fmt::format("with this the rule has more than {} parts", kMaxRuleSize));
    return false;
  }

  const Scope& scope_;
  Checks& checks_;
  std::size_t size_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::optional<AliveRule> read_alive_rule(const JsonView& v, const Scope& scope, Checks& checks) {
  return RuleReader(scope, checks).read(v);
}

std::optional<AliveRule> read_joint(AliveRule::Kind kind, const JsonView& parts, const JsonView* at_least,
                                    const Scope& scope, Checks& checks) {
  return RuleReader(scope, checks).read_joint(kind, parts, at_least);
}

}  // namespace gslbd::server
