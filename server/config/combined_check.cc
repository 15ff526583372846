// SPDX-License-Identifier: Apache-2.0
#include "server/config/combined_check.h"

#include <algorithm>
#include <deque>
#include <set>

#include "server/config/alive_rule.h"

namespace gslbd::server {

/// A combined check while it is read.
struct CombinedDraft {
  AliveRule::Kind kind = AliveRule::Kind::all;
};

namespace {

using Kind = AliveRule::Kind;
using Views = std::map<std::string, JsonView>;

const std::vector<std::string_view> kTypes{"all", "any", "at_least", "not"};
constexpr Kind kKinds[] = {Kind::all, Kind::any, Kind::at_least, Kind::negated};

const Field<CombinedDraft> kFields[] = {
    {"type", "all, any, at_least or not", "required",
     "which of the others must pass: every one, one, so many, or the only one must not",
     [](const JsonView& v, CombinedDraft& d) {
       if (const auto choice = read_choice(v, kTypes)) d.kind = kKinds[*choice];
     }},
    {"of", "list of rules; for not, one rule", "required",
     "what is combined: names of checks, or rules as in `alive`", [](const JsonView&, CombinedDraft&) {}},
    {"at_least", "1 to the length of of", "required for at_least", "how many must pass",
     [](const JsonView& v, CombinedDraft& d) {
       if (d.kind != Kind::at_least) v.error("only a check of type at_least has this");
     }},
};

// The names that stand in a rule, as far down as rules may go.
void collect_names(const Json& rule, std::size_t depth, std::set<std::string>& names) {
  if (rule.is_string()) names.insert(rule.get<std::string>());
  if (!rule.is_structured() || depth > 2 * kMaxRuleDepth) return;
  for (const Json& part : rule) collect_names(part, depth + 1, names);
}

void measure(const AliveRule& rule, std::size_t depth, CombinedCheck& into) {
  ++into.size;
  if (rule.kind != Kind::check) into.depth = std::max(into.depth, depth + 1);
  for (const AliveRule& part : rule.of) measure(part, depth + 1, into);
}

CombinedCheck read_one(const std::string& name, const JsonView& v, const Scope& scope) {
  CombinedCheck out;
  CombinedDraft draft;
  const std::size_t errors = v.diagnostics().error_count();
  read_object<CombinedDraft>(v, kFields, draft);
  const bool counted = v.json().contains("at_least");
  if (draft.kind == Kind::at_least && !counted) {
    v.error("the key \"at_least\" is missing (how many of the others must pass)");
  }
  if (v.diagnostics().error_count() != errors) return out;
  std::optional<JsonView> at_least;
  if (counted) at_least = v.member("at_least");
  out.rule = read_joint(draft.kind, v.member("of"), at_least ? &*at_least : nullptr, scope, out.checks);
  if (!out.rule) return out;
  out.rule->name = scope.prefix() + name;
  measure(*out.rule, 0, out);
  return out;
}

// Definitions in an order in which each comes after those it uses.
class Order {
 public:
  explicit Order(const Views& definitions) {
    for (const auto& [name, v] : definitions) {
      std::set<std::string>& uses = uses_[name];
      if (v.json().contains("of")) collect_names(v.json().at("of"), 0, uses);
      std::erase_if(uses, [&](const auto& used) { return !definitions.contains(used); });
      for (const auto& used : uses) used_by_[used].push_back(name);
      if (uses.empty()) ready_.push_back(name);
    }
  }

  /// The next one; nullopt when only those are left that use each other in a circle, or such as use these.
  std::optional<std::string> next() {
    if (ready_.empty()) return std::nullopt;
    const std::string name = ready_.front();
    ready_.pop_front();
    uses_.erase(name);
    for (const auto& user : used_by_[name]) {
      std::set<std::string>& uses = uses_.at(user);
      uses.erase(name);
      if (uses.empty()) ready_.push_back(user);
    }
    return name;
  }

  /// What next() has not given; each with one that it uses among them.
  std::map<std::string, std::string> rest() const {
    std::map<std::string, std::string> out;
    for (const auto& [name, uses] : uses_) out[name] = *uses.begin();
    return out;
  }

 private:
  std::map<std::string, std::set<std::string>> uses_;  // those that are still to be read
  std::map<std::string, std::vector<std::string>> used_by_;
  std::deque<std::string> ready_;
};

// Who follows the uses from anywhere ends up in a circle: one message for each.
void report_circles(const std::map<std::string, std::string>& rest, const Views& definitions) {
  std::set<std::string> seen;
  for (const auto& [start, unused] : rest) {
    std::set<std::string> path;
    std::string at = start;
    while (seen.insert(at).second) {
      path.insert(at);
      at = rest.at(at);
    }
    if (!path.contains(at)) continue;  // it led to where an earlier path has been
    definitions.at(at).member("of").error("the check \"" + at + "\" combines itself over \"" + rest.at(at) +
                                          "\"");
  }
}

}  // namespace

health::OtherTypes combined_check_types() {
  static constexpr std::string_view kKeys[] = {"of", "at_least"};
  return {kTypes, kKeys};
}

bool is_combined_check(const JsonView& v) {
  if (!v.json().is_object()) return false;
  const auto type = v.json().find("type");
  return type != v.json().end() && type->is_string() &&
         std::find(kTypes.begin(), kTypes.end(), type->get_ref<const std::string&>()) != kTypes.end();
}

void read_combined_checks(const Views& definitions, const Scope& scope,
                          std::map<std::string, CombinedCheck>& combined) {
  Order order(definitions);
  while (const auto name = order.next()) combined[*name] = read_one(*name, definitions.at(*name), scope);
  const auto rest = order.rest();
  report_circles(rest, definitions);
  for (const auto& [name, unused] : rest) combined[name];
}

std::span<const Field<CombinedDraft>> combined_check_fields() {
  return kFields;
}

}  // namespace gslbd::server
