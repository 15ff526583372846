// SPDX-License-Identifier: Apache-2.0
#include "server/answer/responder.h"

#include <algorithm>

namespace gslbd::server {

using zones::Found;
using zones::NodeView;
using zones::RrsetView;
namespace type = zones::type;

namespace {

std::size_t response_limit(const Query& query, Transport transport, std::size_t buffer) {
  const std::size_t allowed =
      transport == Transport::tcp ? kMaxMessageSize : std::min(query.udp_payload, Responder::kUdpPayload);
  return std::min(allowed, buffer) - (query.edns ? kOptSize : 0);
}

}  // namespace

std::size_t Responder::handle(std::span<const std::uint8_t> packet, const Asker& asker,
                              std::span<std::uint8_t> response) noexcept {
  const Parsed parsed = parse_query(packet, query_);
  if (parsed == Parsed::drop) {
    counters_.dropped.add();
    return 0;
  }
  MessageWriter out(response, response_limit(query_, asker.transport, response.size()));
  out.question(query_.question);
  Reply reply{query_.rcode, false, true};
  if (parsed == Parsed::query) {
    reply = answer_question(query_, out);
    if (!reply.fits) {
      out.truncate(query_.question.size());
      counters_.truncated.add();
    }
  }
  counters_.by_rcode[static_cast<std::size_t>(reply.rcode) % ResponseCounters::kRcodes].add();
  return out.finish(query_, reply.rcode, reply.authoritative, kUdpPayload);
}

Responder::Reply Responder::answer_question(const Query& query, MessageWriter& out) noexcept {
  if (query.qclass != zones::kClassIn) return {Rcode::refused, false, true};
  if (query.qtype == type::kOpt)
    return {Rcode::formerr, false, true};  // RFC 6891 §6.1.1: it is no type to ask for
  if (query.qtype == zones::kPoolBinding)
    return {Rcode::formerr, false, true};  // RFC 6895 §3.1: type 0 is reserved
  if (query.qtype == type::kAxfr || query.qtype == type::kAxfr - 1) return {Rcode::refused, false, true};
  snapshot_ = serving_.read();
  chain_ = 0;
  const ServedZone* zone = find_zone(query);
  if (zone == nullptr) return {Rcode::refused, false, true};
  const std::size_t apex = kHeaderSize + query.name.length() - zone->zone->apex_length();
  return answer_name(query, {&query.name, zone, {kHeaderSize, apex}}, out);
}

const ServedZone* Responder::find_zone(const Query& query) const noexcept {
  using zones::ZoneDirectory;
  std::uint32_t index = snapshot_->directory().find(query.name);
  if (index == ZoneDirectory::kNone) return nullptr;
  // DS lives on the parent side of a cut (RFC 4035 §3.1.4.1): ask the parent zone when it is ours too.
  const bool at_apex = snapshot_->zone(index).zone->apex_length() == query.name.length();
  if (query.qtype == type::kDs && at_apex && query.name.label_count() > 0) {
    const std::uint32_t parent = snapshot_->directory().find(query.name, 1);
    if (parent != ZoneDirectory::kNone) index = parent;
  }
  return &snapshot_->zone(index);
}

Responder::Reply Responder::answer_name(const Query& query, const Current& current,
                                        MessageWriter& out) noexcept {
  const auto found = zones::lookup(*current.zone->zone, *current.name);
  switch (found.found) {
    case Found::node:
      return answer_node(query, current, found.node, out);
    case Found::nothing:
      return negative(current, Rcode::nxdomain, out);
    case Found::dname:
      return follow_dname(query, current, found, out);
    case Found::referral:
      break;
  }
  if (query.qtype == type::kDs && found.skipped_labels == 0 && !found.node.has(zones::kNodeHidden)) {
    return answer_node(query, current, found.node, out);
  }
  return refer(current, found, out);
}

Responder::Reply Responder::answer_node(const Query& query, const Current& current, NodeView node,
                                        MessageWriter& out) noexcept {
  if (node.has(zones::kNodeHasPool) &&
      (query.qtype == type::kA || query.qtype == type::kAaaa || query.qtype == type::kAny)) {
    return answer_pool(query, current, node, out);
  }
  RrsetView rrset = node.rrset(query.qtype);
  if (!rrset && node.has(zones::kNodeHasCname) && query.qtype != type::kAny) {
    return follow_cname(query, current, node, out);
  }
  // RFC 8482 §4.1: ANY gets one RRset of the name, not all of them.
  if (!rrset && query.qtype == type::kAny && node.rrset_count() > 0) rrset = node.first_rrset();
  if (!rrset) return negative(current, Rcode::noerror, out);
  const bool fits = out.add(MessageWriter::answer, rrset, node.relative_name().size(), current.place);
  return {Rcode::noerror, true, fits};
}

Responder::Reply Responder::answer_pool(const Query& query, const Current& current, NodeView node,
                                        MessageWriter& out) noexcept {
  const zones::PoolBinding binding = node.first_rrset().pool();
  const std::uint32_t pool = current.zone->pools[binding.pool];
  const AnswerSet& set = *snapshot_->pool(pool).read();
  const auto has_records = [](const AddressAnswers& a) {
    return a.selection == Selection::rotated || a.selection == Selection::weighted;
  };
  bool v6 = query.qtype == type::kAaaa;
  if (query.qtype == type::kAny) {
    // RFC 8482 §4.1: one RRset that exists: a family that has records, or else another type of the name.
    v6 = !has_records(set.v4) && has_records(set.v6);
    if (!has_records(set.v4) && !v6 && node.rrset_count() > 1) {
      const RrsetView other(node.first_rrset().next());
      const bool fits = out.add(MessageWriter::answer, other, node.relative_name().size(), current.place);
      return {Rcode::noerror, true, fits};
    }
  }
  const AddressAnswers& answers = v6 ? set.v6 : set.v4;
  if (answers.selection == Selection::servfail) return {Rcode::servfail, false, true};
  if (answers.selection == Selection::nodata) return negative(current, Rcode::noerror, out);
  WorkerState& mine = snapshot_->worker(worker_);
  const Chosen chosen = choose(answers, mine.rotation[2 * std::size_t{pool} + (v6 ? 1 : 0)], random_);
  mine.answers[chosen.counter].add();
  const bool fits = out.add_uniform(chosen.records, chosen.count, current.place.owner, binding.ttl_s,
                                    zones::ZoneData::kPoolTtl);
  return {Rcode::noerror, true, fits};
}

Responder::Reply Responder::follow_cname(const Query& query, const Current& current, NodeView node,
                                         MessageWriter& out) noexcept {
  // RFC 1034 §4.3.2 step 3a: the CNAME goes into the answer, and the search starts again at its target.
  const std::size_t target_at = out.size() + zones::kRrDataAt;
  if (!out.add(MessageWriter::answer, node.first_rrset(), node.relative_name().size(), current.place)) {
    return {Rcode::noerror, true, false};
  }
  // The target as written: labels, then the root or a pointer to the apex.
  std::array<std::uint8_t, zones::kMaxNameLength> wire;
  const std::uint8_t* written = out.data() + target_at;
  std::size_t n = 0;
  while (written[n] != 0 && written[n] < 0xc0) n += std::size_t{written[n]} + 1;
  std::memcpy(wire.data(), written, n);
  const auto apex = current.zone->zone->apex().wire();
  const bool pointed = written[n] != 0;
  if (pointed) {
    std::memcpy(wire.data() + n, apex.data(), apex.size());
    n += apex.size();
  } else {
    wire[n++] = 0;
  }
  return go_on(query, current, std::span(wire).first(n), target_at, pointed, out);
}

Responder::Reply Responder::follow_dname(const Query& query, const Current& current,
                                         const zones::LookupResult& found, MessageWriter& out) noexcept {
  const RrsetView dname = found.node.rrset(type::kDname);
  const auto prefix =
      current.name->wire().first(current.name->length() - current.name->suffix(found.skipped_labels).size());
  const Place place{current.place.owner + prefix.size(), current.place.apex};
  if (!out.add(MessageWriter::answer, dname, found.node.relative_name().size(), place)) {
    return {Rcode::noerror, true, false};
  }
  // RFC 6672 §2.2: the DNAME's owner in the name gives way to its target; a name that gets too long is
  // YXDOMAIN.
  const auto target = dname.block().subspan(zones::kRrDataAt);
  std::array<std::uint8_t, zones::kMaxNameLength> wire;
  const std::size_t n = prefix.size() + target.size();
  if (n > wire.size()) return {Rcode::yxdomain, true, true};
  std::memcpy(wire.data(), prefix.data(), prefix.size());
  std::memcpy(wire.data() + prefix.size(), target.data(), target.size());
  const auto cname = std::span<const std::uint8_t>(wire).first(n);
  const std::size_t target_at = out.size() + zones::kRrDataAt;
  if (!out.add_cname(current.place.owner, dname.block().subspan(zones::kRrTtlAt).first<4>(), cname)) {
    return {Rcode::noerror, true, false};
  }
  if (query.qtype == type::kCname || query.qtype == type::kAny) return {Rcode::noerror, true, true};
  return go_on(query, current, cname, target_at, false, out);
}

Responder::Reply Responder::go_on(const Query& query, const Current& from,
                                  std::span<const std::uint8_t> target, std::size_t target_at,
                                  bool shares_apex, MessageWriter& out) noexcept {
  if (++chain_ > kMaxChain) return {Rcode::noerror, true, true};
  target_.assign(target);
  const std::uint32_t index = snapshot_->directory().find(target_);
  if (index == zones::ZoneDirectory::kNone) return {Rcode::noerror, true, true};
  const ServedZone* zone = &snapshot_->zone(index);
  // The target ends in its zone's apex. Written as a pointer, the apex stands where it stood; else within the
  // target itself.
  const bool same_apex = shares_apex && zone == from.zone;
  const Place place{target_at,
                    same_apex ? from.place.apex : target_at + target.size() - zone->zone->apex_length()};
  if (place.owner >= 0x4000 || place.apex >= 0x4000)
    return {Rcode::noerror, true, true};  // pointers end there
  return answer_name(query, {&target_, zone, place}, out);
}

Responder::Reply Responder::refer(const Current& current, const zones::LookupResult& found,
                                  MessageWriter& out) noexcept {
  const bool after_cname = !out.empty();
  const std::size_t cut_at =
      current.place.owner + current.name->length() - current.name->suffix(found.skipped_labels).size();
  const std::size_t ns_at = out.size();
  const RrsetView ns = found.node.rrset(type::kNs);
  Reply reply{Rcode::noerror, after_cname, true};
  if (!out.add(MessageWriter::authority, ns, found.node.relative_name().size(),
               {cut_at, current.place.apex})) {
    reply.fits = false;
    return reply;
  }
  const zones::Zone& zone = *current.zone->zone;
  for (const zones::GlueEntry& glue : zone.glue(found.node)) {
    const NodeView node = zone.node(glue.node);
    const Place place{ns_at + glue.rdata_at, current.place.apex};
    if (place.owner >= 0x4000) break;
    for (const zones::RrType t : {type::kA, type::kAaaa}) {
      const RrsetView rrset = node.rrset(t);
      // RFC 9471 §3: glue that does not fit sets TC.
      if (rrset && !out.add(MessageWriter::additional, rrset, node.relative_name().size(), place)) {
        reply.fits = false;
        return reply;
      }
    }
  }
  return reply;
}

Responder::Reply Responder::negative(const Current& current, Rcode rcode, MessageWriter& out) noexcept {
  // RFC 2308 §2: the SOA's owner is the apex, wherever in the message that stands.
  const std::size_t apex = current.place.apex;
  const bool fits = out.add(MessageWriter::authority, current.zone->zone->negative_soa(), 0, {apex, apex});
  return {rcode, true, fits};
}

}  // namespace gslbd::server
