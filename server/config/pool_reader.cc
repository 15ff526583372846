// SPDX-License-Identifier: Apache-2.0
#include "server/config/pool_reader.h"
#include "health/check_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/config/alive_rule.h"
#include "server/config/combined_check.h"
#include "server/config/pool_lint.h"

namespace gslbd::server {

/// A pool while it is read, with what its readers may look up.
struct PoolDraft {
  Pool pool;
  const Scope* scope;
  std::string spare;          ///< resolved when every pool of the scope is known
  std::string spare_pointer;  ///< where it was named
};

struct MemberDraft {
  Member member;
  const Scope* scope;
};

namespace {

using namespace std::chrono_literals;

std::string with_hint(std::string message, std::string_view hint) {
  if (!hint.empty()) message += "; did you mean \"" + std::string(hint) + "\"?";
  return message;
}

void read_site(const JsonView& v, MemberDraft& d) {
  const auto name = read_string(v);
  if (!name) return;
  d.member.site = *name;
  if (d.scope->site(*name) != nullptr) return;
  v.error(with_hint("there is no site " + quote(v.json()), nearest(*name, d.scope->site_names())));
}

const Field<MemberDraft> kMemberFields[] = {
    {"address", "IPv4 or IPv6 address", "required", "what is answered, and what is probed",
     [](const JsonView& v, MemberDraft& d) { d.member.address = read_address(v).value_or(Address()); }},
    {"site", "name of a site", "none", "the datacentre it stands in", read_site},
    {"weight", "1 to 65535", "`100`", "its share under `weighted`",
     [](const JsonView& v, MemberDraft& d) {
       d.member.weight = static_cast<std::uint32_t>(read_integer(v, 1, 65535).value_or(d.member.weight));
     }},
    {"tier", "1 to 1000", "`1`", "its rank under `failover`: the lowest tier with a live member answers",
     [](const JsonView& v, MemberDraft& d) {
       d.member.tier = static_cast<std::uint32_t>(read_integer(v, 1, 1000).value_or(d.member.tier));
     }},
};

void read_members(const JsonView& v, PoolDraft& d) {
  if (!v.json().is_array() || v.json().empty()) return v.expected("a list of members, at least one");
  // An answer holds them all: more would not fit into a message, and nobody's resolver wants so many.
  constexpr std::size_t kMostMembers = 1000;
  if (v.json().size() > kMostMembers) {
    return v.error(fmt::format("{} members are too many: at most {}", v.json().size(), kMostMembers));
  }
  std::set<Address> seen;
  for (std::size_t i = 0; i < v.json().size(); ++i) {
    const JsonView element = v.element(i);
    MemberDraft draft{{}, d.scope};
    const std::size_t errors = v.diagnostics().error_count();
    read_object<MemberDraft>(element, kMemberFields, draft);
    if (v.diagnostics().error_count() != errors) continue;
    if (!seen.insert(draft.member.address).second) {
      element.member("address").error("the address " + draft.member.address.to_string() +
                                      " stands twice in this pool");
    } else {
      d.pool.members.push_back(std::move(draft.member));
    }
  }
}

std::optional<std::uint32_t> read_ttl(const JsonView& v) {
  const auto ttl = read_duration(v, 0s, 24h);
  if (!ttl) return std::nullopt;
  if (*ttl % 1s != Duration(0)) {
    v.error(quote(v.json()) + " is not a whole number of seconds");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*ttl / Duration(1s));
}

// What options have to do with each other.
void verify_pool(const JsonView& v, const Pool& pool) {
  if (pool.ttl_pending_s && *pool.ttl_pending_s > pool.ttl_s) {
    v.member("ttl_pending")
        .error(fmt::format("{}s is longer than the ttl of {}s", *pool.ttl_pending_s, pool.ttl_s));
  }
  if (pool.slow_start > Duration(0) && pool.steer != Steer::weighted) {
    v.member("slow_start").error("a share can only grow with \"steer\": \"weighted\"");
  }
  for (const char* key : {"ttl_pending", "slow_start"}) {
    if (v.json().contains(key) && !v.json().contains("alive")) {
      v.member(key).warning("without \"alive\" no member ever goes down or recovers by itself");
    }
  }
}

void read_when_all_down(const JsonView& v, PoolDraft& d) {
  if (v.json().is_object() && v.json().size() == 1 && v.json().contains("pool")) {
    const JsonView spare = v.member("pool");
    d.spare = read_string(spare).value_or("");
    d.spare_pointer = spare.pointer();
    d.pool.when_all_down = WhenAllDown::pool;
    return;
  }
  if (!v.json().is_string()) return v.expected("all, last, nodata, servfail or {\"pool\": \"its name\"}");
  const auto choice = read_choice(v, {"all", "last", "nodata", "servfail"});
  constexpr WhenAllDown kMeanings[] = {WhenAllDown::all, WhenAllDown::last, WhenAllDown::nodata,
                                       WhenAllDown::servfail};
  if (choice) d.pool.when_all_down = kMeanings[*choice];
}

const Field<PoolDraft> kPoolFields[] = {
    {"members", "list of 1 to 1000 members", "required", "the addresses to choose among", read_members},
    {"alive", "rule over checks", "none",
     "when a member counts as alive: `\"web\"`, `{\"all\": [...]}`, `{\"any\": [...]}`, `{\"not\": ...}`, "
     "`{\"at_least\": 2, \"of\": [...]}`; without it every member does",
     [](const JsonView& v, PoolDraft& d) { d.pool.alive = read_alive_rule(v, *d.scope, d.pool.checks); }},
    {"steer", "all, failover or weighted", "`\"all\"`",
     "which live members an answer holds: all of them rotated, those of the lowest tier, or one drawn by "
     "weight",
     [](const JsonView& v, PoolDraft& d) {
       constexpr Steer kMeanings[] = {Steer::all, Steer::failover, Steer::weighted};
       if (const auto choice = read_choice(v, {"all", "failover", "weighted"}))
         d.pool.steer = kMeanings[*choice];
     }},
    {"ttl", "duration, 0s to 1d", "`\"20s\"`", "the TTL of its answers, unless the name gives its own",
     [](const JsonView& v, PoolDraft& d) { d.pool.ttl_s = read_ttl(v).value_or(d.pool.ttl_s); }},
    {"ttl_pending", "duration, 0s to the ttl", "none",
     "the longest TTL of its answers while the verdict of a target is about to change",
     [](const JsonView& v, PoolDraft& d) { d.pool.ttl_pending_s = read_ttl(v); }},
    {"slow_start", "duration, 1s to 1d", "none",
     "under `weighted`, how long the share of a recovered member grows until it has its weight",
     [](const JsonView& v, PoolDraft& d) {
       d.pool.slow_start = read_duration(v, 1s, 24h).value_or(Duration(0));
     }},
    {"when_all_down", "all, last, nodata, servfail or {\"pool\": name}", "`\"all\"`",
     "the answer of a family whose members are all down: all of them, those that were live last, no data, "
     "SERVFAIL, or what another pool answers",
     read_when_all_down},
};

}  // namespace

std::span<const Field<PoolDraft>> pool_fields() {
  return kPoolFields;
}
std::span<const Field<MemberDraft>> member_fields() {
  return kMemberFields;
}

const Site* Scope::site(const std::string& name) const {
  const auto found = sites_.find(name);
  if (found != sites_.end()) return &found->second;
  return outer_ != nullptr ? outer_->site(name) : nullptr;
}

std::shared_ptr<const health::Check> Scope::check(const std::string& name) const {
  const auto found = checks_.find(name);
  if (found != checks_.end()) return found->second;
  return outer_ != nullptr ? outer_->check(name) : nullptr;
}

const CombinedCheck* Scope::combined(const std::string& name) const {
  const auto found = combined_.find(name);
  if (found != combined_.end()) return &found->second;
  return outer_ != nullptr ? outer_->combined(name) : nullptr;
}

std::optional<std::uint32_t> Scope::pool(const std::string& name) const {
  const auto found = pools_.find(name);
  if (found != pools_.end()) return found->second;
  return outer_ != nullptr ? outer_->pool(name) : std::nullopt;
}

namespace {

template <class T>
std::vector<std::string_view> keys(const std::map<std::string, T>& map, std::vector<std::string_view> more) {
  for (const auto& [key, unused] : map) more.push_back(key);
  return more;
}

}  // namespace

std::vector<std::string_view> Scope::site_names() const {
  return keys(sites_, outer_ != nullptr ? outer_->site_names() : std::vector<std::string_view>());
}
std::vector<std::string_view> Scope::check_names() const {
  return keys(checks_,
              keys(combined_, outer_ != nullptr ? outer_->check_names() : std::vector<std::string_view>()));
}
std::vector<std::string_view> Scope::pool_names() const {
  return keys(pools_, outer_ != nullptr ? outer_->pool_names() : std::vector<std::string_view>());
}

/// Fills one scope from one file's definitions.
class ScopeReader {
 public:
  ScopeReader(const Definitions& definitions, Scope& scope, std::vector<Pool>& pools,
              Diagnostics& diagnostics)
      : definitions_(definitions), scope_(scope), pools_(pools), diagnostics_(diagnostics) {}

  void read() {
    for_each(*definitions_.sites, "/sites", [&](const std::string& name, const JsonView& v) {
      if (scope_.outer_ != nullptr && scope_.outer_->site(name) != nullptr) return taken(v, "site", name);
      read_object<Site>(v, site_fields(), scope_.sites_[name]);
    });
    read_checks();
    std::vector<PoolDraft> drafts;
    const std::size_t first = pools_.size();
    for_each(*definitions_.pools, "/pools", [&](const std::string& name, const JsonView& v) {
      if (scope_.outer_ != nullptr && scope_.outer_->pool(name)) return taken(v, "pool", name);
      PoolDraft draft{{}, &scope_, {}, {}};
      draft.pool.name = scope_.prefix_ + name;
      read_object<PoolDraft>(v, kPoolFields, draft);
      if (v.json().is_object()) {
        verify_pool(v, draft.pool);
        lint_pool(v, draft.pool, scope_);
      }
      scope_.pools_[name] = static_cast<std::uint32_t>(first + drafts.size());
      drafts.push_back(std::move(draft));
    });
    for (PoolDraft& draft : drafts) {
      resolve_spare(draft);
      pools_.push_back(std::move(draft.pool));
    }
    for (std::size_t i = 0; i < drafts.size(); ++i) refuse_cycle(first + i, drafts[i]);
  }

 private:
  void read_checks() {
    std::map<std::string, JsonView> combined;
    for_each(*definitions_.checks, "/checks", [&](const std::string& name, const JsonView& v) {
      const Scope* outer = scope_.outer_;
      if (outer != nullptr && (outer->check(name) || outer->combined(name) != nullptr)) {
        return taken(v, "check", name);
      }
      if (is_combined_check(v)) {
        combined.emplace(name, v);
        return;
      }
      auto check = health::read_check(v, scope_.prefix_ + name, combined_check_types());
      if (outer != nullptr && check && check->type->local_power) {
        v.error(fmt::format(
            "a check of type {} must stand in the configuration file: a zone file may not run or read "
            "what is on this machine",
            check->type->name));
      }
      // A check with a mistake still has a name: rules that use it are not mistaken too.
      scope_.checks_[name] =
          std::make_shared<const health::Check>(check ? std::move(*check) : health::Check());
    });
    read_combined_checks(combined, scope_, scope_.combined_);
  }

  template <class F>
  void for_each(const Json& object, const std::string& pointer, F&& f) {
    const JsonView v(object, *definitions_.file, diagnostics_, pointer);
    if (!object.is_object()) return v.expected("an object");
    for (const auto& [name, unused] : object.items()) {
      if (name.empty()) {
        v.member(name).error("a name must not be empty");
      } else if (name.find('/') != std::string::npos) {
        // "example.com/www" is how a zone's own pool is called in metrics.
        v.member(name).error("a name must not contain \"/\"");
      } else {
        f(name, v.member(name));
      }
    }
  }

  void taken(const JsonView& v, std::string_view what, const std::string& name) const {
    v.error(fmt::format("the {} \"{}\" is already defined in the configuration file", what, name));
  }

  void resolve_spare(PoolDraft& draft) {
    if (draft.pool.when_all_down != WhenAllDown::pool) return;
    const auto index = scope_.pool(draft.spare);
    if (index) {
      draft.pool.spare = *index;
      return;
    }
    diagnostics_.error(
        *definitions_.file, draft.spare_pointer,
        with_hint("there is no pool \"" + draft.spare + "\"", nearest(draft.spare, scope_.pool_names())));
    draft.pool.when_all_down = WhenAllDown::all;
  }

  // A spare of a spare is fine; one that leads back would never end.
  void refuse_cycle(std::size_t start, const PoolDraft& draft) {
    std::size_t at = start;
    for (std::size_t steps = 0; pools_[at].when_all_down == WhenAllDown::pool; ++steps) {
      at = pools_[at].spare;
      if (at != start && steps <= pools_.size()) continue;
      if (at == start) {
        diagnostics_.error(
            *definitions_.file, draft.spare_pointer,
            "the pool \"" + pools_[start].name + "\" falls back to itself over \"" + draft.spare + "\"");
        pools_[start].when_all_down = WhenAllDown::all;
      }
      return;
    }
  }

  const Definitions& definitions_;
  Scope& scope_;
  std::vector<Pool>& pools_;
  Diagnostics& diagnostics_;
};

void read_scope(const Definitions& definitions, Scope& scope, std::vector<Pool>& pools,
                Diagnostics& diagnostics) {
  ScopeReader(definitions, scope, pools, diagnostics).read();
}

}  // namespace gslbd::server
