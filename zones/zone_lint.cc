// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/json.h"
#include "zones/diagnostics_budget.h"
#include "zones/rdata.h"
#include "zones/rdata_scan.h"

namespace gslbd::zones {
namespace {

using Octets = std::span<const std::uint8_t>;
using Entry = ZoneData::Entry;

std::string_view key_of(Octets wire) {
  return {reinterpret_cast<const char*>(wire.data()), wire.size()};
}

// A name that records point to, lower case, and what the zone has there.
struct Target {
  bool exists = false;       // an owner has this name
  bool has_address = false;  // A, AAAA, a pool or a CNAME
  bool is_server = false;    // an NS points here
};

// Looks targets up by the octets where they lie, without making a string of them.
struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
};

class Linter {
 public:
  Linter(const ZoneData& zone, const std::string& file, Diagnostics& diagnostics)
      : zone_(zone), file_(file), budget_(file, diagnostics) {}

  void run() {
    for (const Entry& e : zone_.entries()) collect(e);
    if (!cuts_.empty() || !targets_.empty()) {
      for (const Entry& e : zone_.entries()) note(e);
      for (const Entry& e : zone_.entries()) judge(e);
    }
    budget_.finish();
  }

 private:
  enum class Cut { kNone, kDelegation, kDname };

  bool at_apex(const Entry& e) const { return zone_.owner(e).size() == zone_.apex().length(); }

  static Name name(Octets wire) { return Name::from_wire(wire).value_or(Name()); }

  // The name an RDATA points to, for the types where it has to resolve.
  static std::optional<Name> target_of(RrType type, Octets rdata) {
    const std::size_t at = type == type::kMx || type == type::kSvcb || type == type::kHttps ? 2
                           : type == type::kSrv                                             ? 6
                                                                                            : 0;
    if (rdata.size() <= at) return std::nullopt;
    const auto target = leading_name(rdata.subspan(at));
    // "." says that there is no such service (RFC 2782, RFC 7505), or the owner itself (RFC 9460 §2.5).
    return target && !target->is_root() ? std::optional(target->lowercased()) : std::nullopt;
  }

  static bool has_target(RrType type) {
    switch (type) {
      case type::kNs:
      case type::kCname:
      case type::kMx:
      case type::kSrv:
      case type::kSvcb:
      case type::kHttps:
        return true;
      default:
        return false;
    }
  }

  // First pass: the cuts and the targets within the zone.
  void collect(const Entry& e) {
    const Octets owner = zone_.owner(e);
    if (e.type == type::kNs && !at_apex(e)) cuts_.emplace(key_of(owner), Cut::kDelegation);
    if (e.type == type::kDname) cuts_.emplace(key_of(owner), Cut::kDname);
    if (owner.size() > 1 && owner[0] == 1 && owner[1] == '*') wildcards_.emplace(key_of(owner), true);
    if (e.type == type::kNs && at_apex(e) && e.rdata_count == 1) {
      warn(e, "a single name server: when it is unreachable, so is the zone (RFC 2182 §5)");
    }
    if (!has_target(e.type)) return;
    zone_.for_each_rdata(e, [&](Octets rdata) {
      const auto target = target_of(e.type, rdata);
      if (!target || !target->is_within(zone_.apex())) return;
      Target& entry = targets_[std::string(key_of(target->wire()))];
      entry.is_server = entry.is_server || e.type == type::kNs;
    });
  }

  // Second pass: which targets exist.
  void note(const Entry& e) {
    const auto found = targets_.find(key_of(zone_.owner(e)));
    if (found == targets_.end()) return;
    found->second.exists = true;
    const bool pool = e.pool != ZoneData::kNoPool;
    if (pool || e.type == type::kA || e.type == type::kAaaa || e.type == type::kCname)
      found->second.has_address = true;
  }

  // Third pass: what is hidden, what is missing.
  void judge(const Entry& e) {
    const Octets owner = zone_.owner(e);
    std::string_view where;
    if (!cuts_.empty() && hidden(e, owner, where)) {
      const bool dname = cuts_.at(where) == Cut::kDname;
      warn(e, fmt::format(
                  "hidden: the name is {} {} {}", where.size() == owner.size() ? "at" : "below",
                  dname ? "the DNAME" : "the zone cut",
                  name({reinterpret_cast<const std::uint8_t*>(where.data()), where.size()}).to_string()));
      return;
    }
    if (!has_target(e.type)) return;
    zone_.for_each_rdata(e, [&](Octets rdata) {
      const auto target = target_of(e.type, rdata);
      if (target && target->is_within(zone_.apex())) judge_target(e, owner, *target);
    });
  }

  void judge_target(const Entry& e, Octets owner, const Name& target) {
    const Target& found = targets_.find(key_of(target.wire()))->second;
    if (found.has_address) return;
    const std::string text = target.to_string();
    const bool below_cut = cut_above(target.wire()).has_value();
    if (e.type == type::kNs) {
      if (covered_by_wildcard(target)) return;
      if (!at_apex(e) && target.is_within(name(owner))) {
        warn(e, fmt::format("missing glue: {} lies in the delegated zone and has no A or AAAA here", text));
      } else if (!below_cut) {
        warn(e, fmt::format("the name server {} has no address in this zone", text));
      }
      return;
    }
    if (below_cut || covered_by_wildcard(target)) return;
    if (!found.exists) {
      warn(e, fmt::format("the target {} does not exist in this zone", text));
    } else if (e.type != type::kCname && e.type != type::kSvcb && e.type != type::kHttps) {
      warn(e, fmt::format("the target {} has no address", text));
    }
  }

  // The topmost cut at the name or above it.
  std::optional<std::string_view> cut_above(Octets owner) const {
    std::optional<std::string_view> top;
    if (cuts_.empty()) return top;
    const std::size_t apex = zone_.apex().length();
    for (; owner.size() > apex; owner = owner.subspan(1U + owner[0])) {
      if (const auto cut = cuts_.find(key_of(owner)); cut != cuts_.end()) top = cut->first;
    }
    if (const auto cut = cuts_.find(key_of(owner)); cut != cuts_.end())
      top = cut->first;  // a DNAME at the apex
    return top;
  }

  // Below a delegation only the addresses of its servers are of use, as glue; at it, only what belongs to the
  // parent's side (RFC 4035 §2.6): NS, DS, NSEC, RRSIG.
  bool hidden(const Entry& e, Octets owner, std::string_view& where) const {
    const auto above = at_apex(e) ? std::nullopt : cut_above(owner.subspan(1U + owner[0]));
    const auto glue = [&] {
      const auto target = targets_.find(key_of(owner));
      return (e.type == type::kA || e.type == type::kAaaa) && target != targets_.end() &&
             target->second.is_server;
    };
    if (above) {
      where = *above;
      return cuts_.at(*above) == Cut::kDname || !glue();
    }
    const auto here = cuts_.find(key_of(owner));
    if (here == cuts_.end() || here->second != Cut::kDelegation) return false;
    where = here->first;
    switch (e.type) {
      case type::kNs:
      case type::kDs:
      case type::kNsec:
      case type::kRrsig:
        return false;
      default:
        return !glue();
    }
  }

  bool covered_by_wildcard(const Name& target) const {
    if (wildcards_.empty()) return false;
    for (Name at = target; at.length() > zone_.apex().length();) {
      at = at.parent();
      std::string wildcard = "\1*";
      wildcard += key_of(at.wire());
      if (wildcards_.find(wildcard) != wildcards_.end()) return true;
    }
    return false;
  }

  void warn(const Entry& e, std::string message) {
    const std::string owner = name(zone_.owner(e)).relative_to(zone_.apex());
    const std::string type = e.pool != ZoneData::kNoPool ? "pool" : type_to_text(e.type);
    budget_.scratch().warning(file_, fmt::format("/records/{}/{}", escape_pointer_token(owner), type),
                              std::move(message));
    budget_.drain();
  }

  const ZoneData& zone_;
  const std::string& file_;
  DiagnosticsBudget budget_;
  // Keys of cuts and wildcards are owners, and point into ZoneData; targets live in RDATA with its case.
  std::unordered_map<std::string_view, Cut> cuts_;
  std::unordered_map<std::string_view, bool> wildcards_;
  std::unordered_map<std::string, Target, KeyHash, std::equal_to<>> targets_;
};

}  // namespace

void lint(const ZoneData& zone, const std::string& file, Diagnostics& diagnostics) {
  Linter(zone, file, diagnostics).run();
}

}  // namespace gslbd::zones
