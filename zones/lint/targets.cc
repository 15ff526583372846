// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "zones/lint/rules.h"
#include "zones/rdata_targets.h"
#include "zones/rr_reader.h"

namespace gslbd::zones::linting {
namespace {

// The common case of a large zone, settled without a look-up: every record's host was found when the zone was
// built, or is none of ours.
bool all_found(const Context& c, RrsetView rrset) {
  const AdditionalList list = rrset.additional();
  if (c.has_address_like_targets() || list.size() != rrset.rr_count()) return false;
  for (const AdditionalEntry entry : list) {
    if ((entry.flags & kExternal) != 0 && (entry.flags & kInDomain) != 0) return false;
  }
  return true;
}

// Where the record's type says that an alias will not do.
const char* no_alias(RrType t) {
  switch (t) {
    case type::kSrv:
      return "RFC 2782";
    case type::kNs:
    case type::kMx:
      return "RFC 2181 §10.3";
    default:
      return nullptr;  // the others are followed: nobody forbids it
  }
}

bool has_addresses(NodeView node) {
  return node.has(kNodeHasPool) || node.rrset(type::kA) || node.rrset(type::kAaaa);
}

// One record's target; says at most one thing about it.
class TargetCheck {
 public:
  TargetCheck(Context& c, NodeView node, RrType t, const Name& target)
      : c_(c), node_(node), type_(t), target_(target.lowercased()) {}

  void run() {
    if (!target_.is_within(c_.apex())) {
      if (is_address_like(target_, c_.apex())) is_address();
      return;
    }
    const LookupResult found = c_.find(target_);
    switch (found.found) {
      case Found::nothing:
        return missing();
      case Found::referral:
        return delegated(found.node);
      case Found::dname:
        if (no_alias(type_) != nullptr) {
          warn(fmt::format("the target {} lies below the DNAME {}: an alias will not do ({})", text(),
                           owner(found.node), no_alias(type_)));
        }
        return;
      case Found::node:
        return check(found.node);
    }
  }

 private:
  std::string text() const { return target_.to_string(); }
  std::string owner(NodeView node) const { return c_.zone().owner(node).to_string(); }
  void warn(std::string message) { c_.warn(node_, type_, std::move(message)); }

  void is_address() { warn(fmt::format("the target {} is an address: a name is expected", text())); }

  void missing() {
    if (is_address_like(target_, c_.apex())) return is_address();
    if (type_ == type::kNs) {
      return warn(fmt::format("the name server {} has no address in this zone{}", text(), dot_hint()));
    }
    warn(fmt::format("the target {} does not exist in this zone{}", text(), dot_hint()));
  }

  // "mail.example.com" in the zone example.com means mail.example.com.example.com.
  std::string dot_hint() const {
    const Name relative = target_within_apex();
    if (c_.apex().label_count() < 2 || !relative.is_within(c_.apex())) return "";
    return fmt::format("; did you mean \"{}\", with its final dot?", relative.to_string());
  }
  Name target_within_apex() const {
    std::vector<std::uint8_t> wire(target_.wire().begin(),
                                   target_.wire().end() - static_cast<std::ptrdiff_t>(c_.apex().length()));
    wire.push_back(0);
    return Name::from_wire(wire).value_or(Name());
  }

  // Below a cut only its own servers' addresses are this zone's affair (RFC 1034 §4.2.1).
  void delegated(NodeView cut) {
    if (type_ != type::kNs || cut.relative_name().data() != node_.relative_name().data()) return;
    const NodeView glue = c_.find_exactly(target_);
    if (glue && has_addresses(glue)) return;
    warn(fmt::format("missing glue: {} lies in the delegated zone and has no A or AAAA here", text()));
  }

  void check(NodeView found) {
    if (found.has(kNodeHasCname)) return alias(found);
    if (type_ == type::kCname) {
      if (found.rrset_count() == 0) warn(fmt::format("the target {} has no records", text()));
      return;
    }
    // What a SVCB target needs depends on its parameters.
    if (has_addresses(found) || type_ == type::kSvcb || type_ == type::kHttps) return;
    if (type_ == type::kNs)
      return warn(fmt::format("the name server {} has no address in this zone", text()));
    warn(fmt::format("the target {} has no address", text()));
  }

  void alias(NodeView found) {
    if (type_ == type::kCname) return c_.note_link(node_, found);
    if (no_alias(type_) == nullptr) return;
    const std::string source = owner(found);
    const std::string by = source == text() ? "" : fmt::format(" by the wildcard {}", source);
    warn(fmt::format("the target {} is a CNAME{}: an alias will not do ({})", text(), by, no_alias(type_)));
  }

  Context& c_;
  NodeView node_;
  RrType type_;
  Name target_;
};

void check_dname(Context& c, NodeView node, const Name& target) {
  if (!target.is_within(c.apex())) return;
  if (target.is_within(c.zone().owner(node))) {
    return c.warn(
        node, type::kDname,
        fmt::format("the target {} is at or below the DNAME: what it leads to comes back to it, longer "
                    "each time (RFC 6672 §2.2)",
                    target.to_string()));
  }
  if (c.find(target).found == Found::nothing) {
    c.warn(node, type::kDname,
           fmt::format("nothing exists in this zone at or below the target {}", target.to_string()));
  }
}

}  // namespace

void check_targets(Context& c, NodeView node, RrsetView rrset) {
  const RrType t = rrset.type();
  const bool names_host = has_target(t);
  if (!names_host && t != type::kCname && t != type::kDname) return;
  // What is hidden has been told of.
  if (node.has(kNodeHidden) || (node.has(kNodeCut) && t != type::kNs)) return;
  if (names_host && all_found(c, rrset)) return;
  std::vector<Name> seen;  // four services on one host deserve one warning
  for_each_record(c.zone(), rrset, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    std::size_t at = 0;
    if (names_host) {
      const auto host = target_of(t, rdata);
      if (!host || host->is_owner) return;
      at = host->at;
    }
    const auto target = Name::from_wire(rdata.subspan(at, wire_name_length(rdata.subspan(at))));
    if (!target || std::find(seen.begin(), seen.end(), *target) != seen.end()) return;
    seen.push_back(*target);
    if (t == type::kDname) return check_dname(c, node, *target);
    TargetCheck(c, node, t, *target).run();
  });
}

}  // namespace gslbd::zones::linting
