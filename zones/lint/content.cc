// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/json.h"
#include "zones/lint/rules.h"
#include "zones/rdata_targets.h"
#include "zones/rr_reader.h"

namespace gslbd::zones::linting {
namespace {

// Whether a TXT RDATA's text is that version tag, alone or before a space or semicolon, in any case.
bool has_version(std::span<const std::uint8_t> rdata, std::string_view version) {
  const std::size_t length = rdata.empty() ? 0 : rdata[0];
  if (length < version.size()) return false;
  const auto text = rdata.subspan(1, length);
  const bool same = std::equal(version.begin(), version.end(), text.begin(), [](char a, std::uint8_t b) {
    return static_cast<std::uint8_t>(a) == to_lower(b);
  });
  return same && (length == version.size() || text[version.size()] == ' ' || text[version.size()] == ';');
}

void check_txt(Context& c, NodeView node, RrsetView txt) {
  if (txt.rr_count() < 2) return;
  std::size_t spf = 0;
  std::size_t dmarc = 0;
  for_each_record(c.zone(), txt, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    if (has_version(rdata, "v=spf1")) ++spf;
    if (has_version(rdata, "v=dmarc1")) ++dmarc;
  });
  if (spf > 1) {
    c.warn(node, type::kTxt,
           fmt::format("{} SPF records at one name: receivers take this for an error (RFC 7208 §4.5)", spf));
  }
  constexpr std::string_view kDmarcLabel = "\x06_dmarc";
  const auto relative = node.relative_name();
  if (dmarc > 1 && relative.size() >= kDmarcLabel.size() &&
      std::equal(kDmarcLabel.begin(), kDmarcLabel.end(), relative.begin())) {
    c.warn(node, type::kTxt,
           fmt::format("{} DMARC policies at one name: none of them holds (RFC 7489 §6.6.3)", dmarc));
  }
}

// "." says that there is no such service: beside others it says nothing that makes sense.
void check_null_target(Context& c, NodeView node, RrsetView rrset) {
  if (rrset.rr_count() < 2) return;
  const bool mx = rrset.type() == type::kMx;
  const std::size_t name_at = mx ? 2 : 6;
  bool null_target = false;
  for_each_record(c.zone(), rrset, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    if (rdata[name_at] == 0) null_target = true;
  });
  if (!null_target) return;
  c.warn(node, rrset.type(),
         fmt::format("the target \".\" means that there is no such service, yet there are others ({})",
                     mx ? "RFC 7505 §3" : "RFC 2782"));
}

void check_svcb(Context& c, NodeView node, RrsetView rrset) {
  std::size_t aliases = 0;
  bool to_itself = false;
  for_each_record(c.zone(), rrset, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    if (rdata.size() < 3 || rdata[0] != 0 || rdata[1] != 0) return;
    ++aliases;
    const auto target = target_of(rrset.type(), rdata);
    if (!target) return;
    const auto name = Name::from_wire(rdata.subspan(target->at, target->length));
    if (name && *name == c.zone().owner(node)) to_itself = true;
  });
  if (to_itself) {
    c.warn(node, rrset.type(), "the alias leads back to itself (RFC 9460 §2.4.2)");
  }
  if (aliases > 0 && aliases < rrset.rr_count()) {
    c.warn(node, rrset.type(),
           "records with priority 0 (AliasMode) beside others: clients ignore the others (RFC 9460 §2.4.1)");
  } else if (aliases > 1) {
    c.warn(node, rrset.type(),
           "several records with priority 0 (AliasMode): clients take one at random (RFC 9460 §2.4.2)");
  }
}

// IANA "Certification Authority Restriction Properties".
constexpr std::array<std::string_view, 7> kCaaTags = {"issue",        "issuewild", "iodef",   "contactemail",
                                                      "contactphone", "issuemail", "issuevmc"};

void check_caa(Context& c, NodeView node, RrsetView caa) {
  for_each_record(c.zone(), caa, [&](std::uint32_t, std::span<const std::uint8_t> rdata) {
    if (rdata.size() < 2 || rdata.size() < 2U + rdata[1]) return;
    const unsigned flags = rdata[0];
    std::string tag(rdata.begin() + 2, rdata.begin() + 2 + rdata[1]);
    for (char& ch : tag) ch = static_cast<char>(to_lower(static_cast<std::uint8_t>(ch)));
    if (std::find(kCaaTags.begin(), kCaaTags.end(), tag) == kCaaTags.end()) {
      const auto hint = nearest(tag, {kCaaTags.begin(), kCaaTags.end()});
      c.warn(node, type::kCaa,
             fmt::format("no authority knows the property \"{}\" (RFC 8659 §4.1){}", tag,
                         hint.empty() ? "" : fmt::format("; did you mean \"{}\"?", hint)));
    }
    if ((flags & 0x7f) != 0) {
      c.warn(
          node, type::kCaa,
          fmt::format("the flags are {}: 0, or 128 for critical, are all there is (RFC 8659 §4.1)", flags));
    }
  });
}

}  // namespace

void check_content(Context& c, NodeView node, RrsetView rrset) {
  if (node.has(kNodeHidden) || node.has(kNodeCut)) return;
  switch (rrset.type()) {
    case type::kTxt:
      return check_txt(c, node, rrset);
    case type::kMx:
    case type::kSrv:
      return check_null_target(c, node, rrset);
    case type::kSvcb:
    case type::kHttps:
      return check_svcb(c, node, rrset);
    case type::kCaa:
      return check_caa(c, node, rrset);
    default:
      return;
  }
}

}  // namespace gslbd::zones::linting
