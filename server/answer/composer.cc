// SPDX-License-Identifier: Apache-2.0
#include "server/answer/composer.h"

#include <algorithm>
#include <array>

namespace gslbd::server {

using zones::Found;
using zones::NodeView;
using zones::RrsetView;
namespace type = zones::type;

namespace {

constexpr std::string_view kAllDown = "all members of the pool are down";

// Types that cannot be asked for, or not of us (RFC 6895 §3.1).
std::optional<Composed> refuse_type(std::uint16_t qtype) {
  switch (qtype) {
    case type::kOpt:           // RFC 6891 §6.1.1
    case zones::kPoolBinding:  // type 0 is reserved
    case type::kTsig:          // RFC 8945: only ever in the additional section
    case type::kNxname:        // RFC 9824 §3.5
      return Composed::failure(Rcode::formerr);
    case type::kTkey:
    case type::kMailb:
    case type::kMaila:
      return Composed::failure(Rcode::notimp, EdnsError::not_supported);
    default:
      return std::nullopt;
  }
}

// The zone that answers: the deepest of ours that holds the name. DS lives on the parent's side of a cut (RFC
// 4035 §3.1.4.1): the parent zone is asked when that is ours too.
const ServedZone* find_zone(const Serving& serving, const zones::QueryName& name,
                            std::uint16_t qtype) noexcept {
  using zones::ZoneDirectory;
  std::uint32_t index = serving.directory().find(name);
  if (index == ZoneDirectory::kNone) return nullptr;
  const bool at_apex = serving.zone(index).zone->apex_length() == name.length();
  if (qtype == type::kDs && at_apex && name.label_count() > 0) {
    const std::uint32_t parent = serving.directory().find(name, 1);
    if (parent != ZoneDirectory::kNone) index = parent;
  }
  return &serving.zone(index);
}

// The first octet of the label or pointer at `at`, pointers followed: they lead backward, to labels.
std::size_t follow(const MessageWriter& out, std::size_t at) {
  while (out.data()[at] >= zones::kPointerBits) at = zones::load_be16(out.data() + at) & (kPointerReach - 1);
  return at;
}

// Where the name at `at` in the message goes on behind its first labels, which have `octets` octets. A name
// that was written behind a CNAME ends in a pointer, or is nothing else.
std::size_t part_at(const MessageWriter& out, std::size_t at, std::size_t octets) {
  for (at = follow(out, at); octets > 0; at = follow(out, at)) {
    const std::size_t n = std::size_t{out.data()[at]} + 1;
    octets -= n;
    at += n;
  }
  return at;
}

// Copies the first labels of the name at `at`, with the case in which they stand there.
void copy_labels(const MessageWriter& out, std::size_t at, std::span<std::uint8_t> to) {
  while (!to.empty()) {
    at = follow(out, at);
    const std::size_t n = std::size_t{out.data()[at]} + 1;
    std::memcpy(to.data(), out.data() + at, n);
    to = to.subspan(n);
    at += n;
  }
}

// Copies the name at `at`, all of it; returns its length.
std::size_t copy_name(const MessageWriter& out, std::size_t at,
                      std::array<std::uint8_t, zones::kMaxNameLength>& to) {
  for (std::size_t length = 0;;) {
    at = follow(out, at);
    const std::size_t n = std::size_t{out.data()[at]} + 1;
    std::memcpy(to.data() + length, out.data() + at, n);
    length += n;
    at += n;
    if (n == 1) return length;  // the root
  }
}

}  // namespace

Composed Composer::compose(const Serving& serving, const Query& query, const Asker& asker,
                           MessageWriter& out) noexcept {
  if (query.qclass != zones::kClassIn && query.qclass != zones::kClassAny) {
    return Composed::failure(Rcode::refused, EdnsError::not_authoritative);
  }
  if (auto refusal = refuse_type(query.qtype)) return *refusal;
  const ServedZone* zone = find_zone(serving, query.name, query.qtype);
  if (query.qtype == type::kAxfr || query.qtype == type::kIxfr) {
    // RFC 5936 §2.2.1: zones are not handed out, and what is no zone of ours is said to be none.
    const bool apex = zone != nullptr && zone->zone->apex_length() == query.name.length();
    return Composed::failure(apex ? Rcode::refused : Rcode::notauth, EdnsError::not_supported);
  }
  if (zone == nullptr) return Composed::failure(Rcode::refused, EdnsError::not_authoritative);
  if (!zone->admits(asker.address)) return Composed::failure(Rcode::refused, EdnsError::prohibited);
  pools_.serve(asker.address);
  Job job(serving, query, asker, out);
  const std::size_t apex = kHeaderSize + query.name.length() - zone->zone->apex_length();
  Composed done = answer_name(job, {&query.name, zone, {kHeaderSize, apex}});
  done.zone = zone;
  done.source = job.source;
  // RFC 1035 §6.2: a response to QCLASS=* is never authoritative: other classes may hold more.
  if (query.qclass == zones::kClassAny) done.authoritative = false;
  return done;
}

Composed Composer::answer_name(Job& job, const Current& current) noexcept {
  const auto found = zones::lookup(*current.zone->zone, *current.name);
  if (job.chain == 0 && found.found != Found::nothing) {
    job.source = reinterpret_cast<std::uintptr_t>(found.node.relative_name().data());
  }
  switch (found.found) {
    case Found::node:
      return answer_node(job, current, found.node);
    case Found::nothing:
      return negative(job, current, Rcode::nxdomain);
    case Found::dname:
      return follow_dname(job, current, found);
    case Found::referral:
      break;
  }
  if (job.query.qtype == type::kDs && found.skipped_labels == 0 && !found.node.has(zones::kNodeHidden)) {
    return answer_node(job, current, found.node);
  }
  return refer(job, current, found);
}

Composed Composer::answer_node(Job& job, const Current& current, NodeView node) noexcept {
  const std::uint16_t qtype = job.query.qtype;
  if (node.has(zones::kNodeHasPool) && (qtype == type::kA || qtype == type::kAaaa || qtype == type::kAny)) {
    return answer_pool(job, current, node);
  }
  RrsetView rrset = node.rrset(qtype);
  if (!rrset && node.has(zones::kNodeHasCname) && qtype != type::kAny)
    return follow_cname(job, current, node);
  // RFC 8482 §4.1: ANY gets one RRset of the name, not all of them.
  if (!rrset && qtype == type::kAny && node.rrset_count() > 0) rrset = node.first_rrset();
  if (!rrset) return negative(job, current, Rcode::noerror);
  return answer_rrset(job, current, node, rrset);
}

Composed Composer::answer_rrset(Job& job, const Current& current, NodeView node, RrsetView rrset) noexcept {
  Composed done;
  const std::size_t at = job.out.size();
  if (rrset.type() == type::kDname && job.has_dname(node)) return done;
  done.fits = job.out.add(MessageWriter::answer, rrset, node.relative_name().size(), current.place);
  if (done.fits && job.serving.policy().additional && !rrset.additional().empty()) {
    Additional(job.serving, pools_, job.out).add({*current.zone, rrset, at, current.place});
  }
  return done;
}

Composed Composer::answer_pool(Job& job, const Current& current, NodeView node) noexcept {
  const zones::PoolBinding binding = node.first_rrset().pool();
  const AnswerSet& set = PoolRecords::answers(job.serving, *current.zone, binding);
  Family family = job.query.qtype == type::kAaaa ? Family::v6 : Family::v4;
  if (job.query.qtype == type::kAny && !PoolRecords::has_records(set.v4)) {
    // RFC 8482 §4.1: one RRset that exists: of the other family, or else of another type.
    if (PoolRecords::has_records(set.v6)) {
      family = Family::v6;
    } else if (node.rrset_count() > 1) {
      return answer_rrset(job, current, node, RrsetView(node.first_rrset().next()));
    }
  }
  const AddressAnswers& answers = family == Family::v6 ? set.v6 : set.v4;
  Composed done;
  if (PoolRecords::has_records(answers)) {
    done.fits = pools_.add(job.serving, *current.zone, binding, set, family, MessageWriter::answer,
                           current.place.owner, job.out);
    if (answers.all_down) done.error = EdnsError::stale_answer;
  } else {
    done = answers.selection == Selection::servfail ? servfail(job) : negative(job, current, Rcode::noerror);
    if (answers.all_down) done.error = EdnsError::no_reachable_authority;
  }
  if (done.error) done.error_text = kAllDown;
  return done;
}

Composed Composer::follow_cname(Job& job, const Current& current, NodeView node) noexcept {
  // RFC 1034 §4.3.2 step 3a: the CNAME goes into the answer, and the search starts again at its target.
  MessageWriter& out = job.out;
  const std::size_t target_at = out.size() + zones::kRrDataAt;
  Composed done;
  done.fits = out.add(MessageWriter::answer, node.first_rrset(), node.relative_name().size(), current.place);
  if (!done.fits) return done;
  std::array<std::uint8_t, zones::kMaxNameLength> wire;
  const std::size_t n = copy_name(out, target_at, wire);
  return go_on(job, std::span(wire).first(n), target_at);
}

Composed Composer::follow_dname(Job& job, const Current& current, const zones::LookupResult& found) noexcept {
  MessageWriter& out = job.out;
  Composed done;
  const auto prefix =
      current.name->wire().first(current.name->length() - current.name->suffix(found.skipped_labels).size());
  done.fits = add_dname(job, current, found, prefix.size());
  if (!done.fits) return done;
  // RFC 6672 §2.2: the DNAME's owner in the name gives way to its target; a name that gets too long is
  // YXDOMAIN.
  const RrsetView dname = found.node.rrset(type::kDname);
  const auto target = dname.block().subspan(zones::kRrDataAt);
  std::array<std::uint8_t, zones::kMaxNameLength> wire;
  const std::size_t n = prefix.size() + target.size();
  if (n > wire.size()) {
    done.rcode = Rcode::yxdomain;
    return done;
  }
  copy_labels(out, current.place.owner, std::span(wire).first(prefix.size()));
  std::memcpy(wire.data() + prefix.size(), target.data(), target.size());
  const auto cname = std::span<const std::uint8_t>(wire).first(n);
  const std::size_t target_at = out.size() + zones::kRrDataAt;
  done.fits = out.add_cname(current.place.owner, dname.block().subspan(zones::kRrTtlAt).first<4>(), cname);
  if (!done.fits || job.query.qtype == type::kCname) return done;
  return go_on(job, cname, target_at);
}

// A chain may come by the same DNAME again: it is in the answer once (RFC 2181 §5).
bool Composer::add_dname(Job& job, const Current& current, const zones::LookupResult& found,
                         std::size_t prefix_length) noexcept {
  if (job.has_dname(found.node)) return true;
  const auto relative_name = found.node.relative_name();
  job.dnames[job.dname_count++] = relative_name.data();
  const Place place{part_at(job.out, current.place.owner, prefix_length), current.place.apex};
  return job.out.add(MessageWriter::answer, found.node.rrset(type::kDname), relative_name.size(), place);
}

Composed Composer::go_on(Job& job, std::span<const std::uint8_t> target, std::size_t target_at) noexcept {
  const Composed ends_here;
  target_.assign(target);
  // A name that was answered before would only repeat its records.
  const auto seen = std::span(job.names).first(static_cast<std::size_t>(job.chain) + 1);
  const bool loops = std::find(seen.begin(), seen.end(), target_.suffix_hash(0)) != seen.end();
  if (loops || job.chain == kMaxChain) return ends_here;
  job.names[static_cast<std::size_t>(++job.chain)] = target_.suffix_hash(0);
  const ServedZone* zone = find_zone(job.serving, target_, job.query.qtype);
  if (zone == nullptr || !zone->admits(job.asker.address)) return ends_here;
  const Place place{target_at, part_at(job.out, target_at, target.size() - zone->zone->apex_length())};
  if (place.owner >= kPointerReach || place.apex >= kPointerReach) return ends_here;
  return answer_name(job, {&target_, zone, place});
}

Composed Composer::refer(Job& job, const Current& current, const zones::LookupResult& found) noexcept {
  Composed done;
  done.kind = AnswerClass::referral;
  done.authoritative = !job.out.empty();  // behind a CNAME, which is ours to tell
  const std::size_t skipped = current.name->length() - current.name->suffix(found.skipped_labels).size();
  const std::size_t at = job.out.size();
  const RrsetView ns = found.node.rrset(type::kNs);
  const Place place{part_at(job.out, current.place.owner, skipped), current.place.apex};
  done.fits = job.out.add(MessageWriter::authority, ns, found.node.relative_name().size(), place) &&
              Additional(job.serving, pools_, job.out).add_glue({*current.zone, ns, at, place});
  return done;
}

// Without the aliases that led there: half an answer helps nobody.
Composed Composer::servfail(Job& job) noexcept {
  job.out.clear(job.query.question.size());
  return Composed::failure(Rcode::servfail);
}

Composed Composer::negative(Job& job, const Current& current, Rcode rcode) noexcept {
  Composed done;
  done.rcode = rcode;
  done.kind = rcode == Rcode::nxdomain ? AnswerClass::nxdomain : AnswerClass::nodata;
  // RFC 2308 §2: the SOA's owner is the apex, wherever in the message that stands.
  const std::size_t apex = current.place.apex;
  done.fits = job.out.add(MessageWriter::authority, current.zone->zone->negative_soa(), 0, {apex, apex});
  return done;
}

}  // namespace gslbd::server
