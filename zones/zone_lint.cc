// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/json.h"
#include "zones/diagnostics_budget.h"
#include "zones/rdata.h"
#include "zones/rdata_scan.h"

namespace gslbd::zones {
namespace {

using Octets = std::span<const std::uint8_t>;
using Entry = ZoneData::Entry;

// A name that records point to, and what the zone has there.
struct Target {
  bool exists = false;       // an owner has this name
  bool has_address = false;  // A, AAAA, a pool or a CNAME
  bool is_server = false;    // an NS points here
};

enum class Cut { kNone, kDelegation, kDname };

// A hash table of names, ignoring case (lengths of labels are below 'A'). It keeps no octets of its own:
// names stay where they lie in ZoneData. Flat, because a zone of delegations looks up every name several
// times.
template <class Value>
class NameTable {
 public:
  struct Item {
    Octets name;
    Value value;
  };

  bool empty() const { return items_.empty(); }

  const Item* find(Octets name) const {
    if (items_.empty()) return nullptr;
    const std::uint64_t slot = slots_[slot_of(name, hash_of(name))];
    return slot == 0 ? nullptr : &items_[static_cast<std::uint32_t>(slot) - 1];
  }
  Item* find(Octets name) { return const_cast<Item*>(std::as_const(*this).find(name)); }

  /// The name's value, a new one where there is none.
  Value& operator[](Octets name) {
    if ((items_.size() + 1) * 2 > slots_.size()) grow();
    const std::uint64_t hash = hash_of(name);
    std::uint64_t& slot = slots_[slot_of(name, hash)];
    if (slot == 0) {
      items_.push_back({name, Value()});
      slot = (hash & kTagMask) | items_.size();
    }
    return items_[static_cast<std::uint32_t>(slot) - 1].value;
  }

 private:
  static constexpr std::uint64_t kTagMask = ~std::uint64_t{0xffffffff};
  static constexpr std::size_t kFirstSize = 64;  // a power of two, as all sizes

  static std::uint64_t hash_of(Octets name) {
    std::uint64_t h = 0xcbf29ce484222325;  // FNV-1a
    for (const std::uint8_t octet : name) h = (h ^ to_lower(octet)) * 0x100000001b3;
    return h ^ h >> 32;
  }

  static bool equal(Octets a, Octets b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](std::uint8_t x, std::uint8_t y) { return to_lower(x) == to_lower(y); });
  }

  // Where the name is, or the free slot where it would be.
  std::size_t slot_of(Octets name, std::uint64_t hash) const {
    std::size_t i = hash & (slots_.size() - 1);
    for (; slots_[i] != 0; i = (i + 1) & (slots_.size() - 1)) {
      if ((slots_[i] & kTagMask) != (hash & kTagMask)) continue;
      if (equal(items_[static_cast<std::uint32_t>(slots_[i]) - 1].name, name)) break;
    }
    return i;
  }

  void grow() {
    slots_.assign(std::max(kFirstSize, slots_.size() * 2), 0);
    for (std::size_t n = 0; n < items_.size(); ++n) {
      const std::uint64_t hash = hash_of(items_[n].name);
      slots_[slot_of(items_[n].name, hash)] = (hash & kTagMask) | (n + 1);
    }
  }

  std::vector<Item> items_;
  std::vector<std::uint64_t> slots_;  // some of the hash above, index in items_ + 1 below; 0 is free
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
  using CutItem = NameTable<Cut>::Item;

  bool at_apex(const Entry& e) const { return zone_.owner(e).size() == zone_.apex().length(); }

  static Name name(Octets wire) { return Name::from_wire(wire).value_or(Name()); }

  // The name in the zone that an RDATA points to, for the types where it has to resolve.
  std::optional<Octets> target_of(RrType type, Octets rdata) const {
    const std::size_t at = type == type::kMx || type == type::kSvcb || type == type::kHttps ? 2
                           : type == type::kSrv                                             ? 6
                                                                                            : 0;
    if (rdata.size() <= at) return std::nullopt;
    const auto target = leading_name(rdata.subspan(at));
    // "." says that there is no such service (RFC 2782, RFC 7505), or the owner itself (RFC 9460 §2.5).
    if (!target || target->is_root() || !target->is_within(zone_.apex())) return std::nullopt;
    return rdata.subspan(at, target->length());
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
    if (e.type == type::kNs && !at_apex(e)) cuts_[owner] = Cut::kDelegation;
    if (e.type == type::kDname) cuts_[owner] = Cut::kDname;
    if (owner.size() > 1 && owner[0] == 1 && owner[1] == '*') wildcards_[owner] = true;
    if (e.type == type::kNs && at_apex(e) && e.rdata_count == 1) {
      warn(e, "a single name server: when it is unreachable, so is the zone (RFC 2182 §5)");
    }
    if (!has_target(e.type)) return;
    zone_.for_each_rdata(e, [&](Octets rdata) {
      const auto target = target_of(e.type, rdata);
      if (!target) return;
      Target& entry = targets_[*target];
      entry.is_server = entry.is_server || e.type == type::kNs;
    });
  }

  // Second pass: which targets exist.
  void note(const Entry& e) {
    if (targets_.empty()) return;
    auto* found = targets_.find(zone_.owner(e));
    if (found == nullptr) return;
    found->value.exists = true;
    const bool pool = e.pool != ZoneData::kNoPool;
    if (pool || e.type == type::kA || e.type == type::kAaaa || e.type == type::kCname)
      found->value.has_address = true;
  }

  // Third pass: what is hidden, what is missing.
  void judge(const Entry& e) {
    const Octets owner = zone_.owner(e);
    if (const CutItem* cut = hidden_by(e, owner)) {
      warn(e, fmt::format("hidden: the name is {} {} {}", cut->name.size() == owner.size() ? "at" : "below",
                          cut->value == Cut::kDname ? "the DNAME" : "the zone cut",
                          name(cut->name).to_string()));
      return;
    }
    if (!has_target(e.type)) return;
    zone_.for_each_rdata(e, [&](Octets rdata) {
      const auto target = target_of(e.type, rdata);
      if (target) judge_target(e, owner, *target);
    });
  }

  void judge_target(const Entry& e, Octets owner, Octets target_wire) {
    const Target& found = targets_[target_wire];
    if (found.has_address) return;
    const Name target = name(target_wire).lowercased();
    const std::string text = target.to_string();
    const bool below_cut = cut_above(target_wire) != nullptr;
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
  const CutItem* cut_above(Octets owner) const {
    const CutItem* top = nullptr;
    if (cuts_.empty()) return top;
    const std::size_t apex = zone_.apex().length();
    for (; owner.size() > apex; owner = owner.subspan(1U + owner[0])) {
      if (const CutItem* cut = cuts_.find(owner)) top = cut;
    }
    const CutItem* cut = cuts_.find(owner);  // a DNAME at the apex
    return cut != nullptr ? cut : top;
  }

  // Below a delegation only the addresses of its servers are of use, as glue; at it, only what belongs to the
  // parent's side (RFC 4035 §2.6): NS, DS, NSEC, RRSIG.
  const CutItem* hidden_by(const Entry& e, Octets owner) const {
    if (cuts_.empty()) return nullptr;
    const auto glue = [&] {
      if (e.type != type::kA && e.type != type::kAaaa) return false;
      const auto* target = targets_.find(owner);
      return target != nullptr && target->value.is_server;
    };
    if (const CutItem* above = at_apex(e) ? nullptr : cut_above(owner.subspan(1U + owner[0]))) {
      return above->value == Cut::kDname || !glue() ? above : nullptr;
    }
    const CutItem* here = cuts_.find(owner);
    if (here == nullptr || here->value != Cut::kDelegation) return nullptr;
    switch (e.type) {
      case type::kNs:
      case type::kDs:
      case type::kNsec:
      case type::kRrsig:
        return nullptr;
      default:
        return glue() ? nullptr : here;
    }
  }

  bool covered_by_wildcard(const Name& target) const {
    if (wildcards_.empty()) return false;
    for (Name at = target; at.length() > zone_.apex().length();) {
      at = at.parent();
      std::vector<std::uint8_t> wildcard = {1, '*'};
      wildcard.insert(wildcard.end(), at.wire().begin(), at.wire().end());
      if (wildcards_.find(wildcard) != nullptr) return true;
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
  NameTable<Cut> cuts_;
  NameTable<bool> wildcards_;
  NameTable<Target> targets_;
};

}  // namespace

void lint(const ZoneData& zone, const std::string& file, Diagnostics& diagnostics) {
  Linter(zone, file, diagnostics).run();
}

}  // namespace gslbd::zones
