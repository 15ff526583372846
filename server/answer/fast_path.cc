// SPDX-License-Identifier: Apache-2.0
#include "server/answer/fast_path.h"

#include <algorithm>

#include "server/answer/additional.h"
#include "zones/lookup.h"

namespace gslbd::server {

using zones::Found;
using zones::NodeView;
using zones::RrsetView;
namespace type = zones::type;

namespace {

// Where a snapshot is guarded there may be something to decide before an answer, and that is for the long
// way; but over TCP nobody is limited.
bool is_free(const AnswerPolicy& policy, const Asker& asker) noexcept {
  const bool listed = asker.listener < policy.listeners.size() && !policy.listeners[asker.listener].is_open();
  return !listed && (policy.rate_limiter == nullptr || asker.transport == Transport::tcp);
}

std::size_t response_limit(std::uint16_t udp_payload, const BatchQuery& query) noexcept {
  const std::size_t room = query.response.size();  // of a message, on TCP
  return query.asker.transport == Transport::tcp ? room : std::min<std::size_t>(udp_payload, room);
}

}  // namespace

[[gnu::flatten]] void FastPath::answer(const Serving& serving, std::span<BatchQuery> batch,
                                       QueryHandler& long_way) noexcept {
  read(serving, batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Item& item = items_[i];
    if (item.zone == nullptr) continue;
    item.node = item.zone->zone->candidate(item.place, item.question.name.suffix_hash(0));
  }
  Item* item = items_.data();
  for (BatchQuery& query : batch) {
    query.length = item->zone == nullptr ? 0 : answer_one(serving, *item, query);
    if (query.length == 0) query.length = long_way.handle(query.query, query.asker, query.response);
    ++item;
  }
}

// Apart from the answering, so that each has the registers for itself.
[[gnu::noinline, gnu::flatten]] void FastPath::read(const Serving& serving,
                                                    std::span<const BatchQuery> batch) noexcept {
  const AnswerPolicy& policy = serving.policy();
  if (serving.zones().empty()) {
    for (std::size_t i = 0; i < batch.size(); ++i) items_[i].zone = nullptr;
    return;
  }
  const ServedZone* zone = &serving.zone(0);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Item& item = items_[i];
    item.zone = nullptr;
    if (serving.is_guarded() && !is_free(policy, batch[i].asker)) continue;
    if (!item.question.read(batch[i].query)) continue;
    item.zone = find_zone(serving, item.question.name, *zone);
    if (item.zone == nullptr) continue;
    zone = item.zone;
    item.relative_length = item.question.name.length_above(zone->zone->apex_labels());
    item.place = zone->zone->prefetch(item.question.name.suffix_hash(0));
  }
}

// Hashes the name as far as its zone needs it. Most queries are for the zone of the one before: then only the
// labels below its apex are hashed.
inline const ServedZone* FastPath::find_zone(const Serving& serving, zones::QueryName& name,
                                             const ServedZone& guess) noexcept {
  if (guess.is_plain && name.ends_in(guess.zone->apex().wire(), guess.zone->apex_labels())) [[likely]] {
    name.hash_above(guess.zone->apex_labels(), guess.apex_hash);
    return &guess;
  }
  name.hash();
  const std::uint32_t index = serving.directory().find(name);
  if (index == zones::ZoneDirectory::kNone || serving.zone(index).access != nullptr) return nullptr;
  return &serving.zone(index);
}

inline std::size_t FastPath::answer_one(const Serving& serving, Item& item,
                                        const BatchQuery& query) noexcept {
  if (item.question.edns) return answer_with_opt(serving, item, query);
  MessageWriter out(query.response, response_limit(kMinUdpPayload, query), 0);
  const Done done = compose({serving, item, query, out});
  if (done == Done::referral) [[unlikely]]
    return refer(serving, item, query);
  return done == Done::no ? 0 : finish(done, query, out);
}

inline std::size_t FastPath::answer_with_opt(const Serving& serving, Item& item,
                                             const BatchQuery& query) noexcept {
  const FastQuestion& question = item.question;
  // Who can be told of errors elsewhere is told so in every OPT (RFC 9567).
  if (!question.options.empty() || item.zone->reports) return answer_with_options(serving, item, query);
  const AnswerPolicy& policy = serving.policy();
  const std::uint16_t udp_payload = std::min(question.udp_payload, policy.udp_payload);
  MessageWriter out(query.response, response_limit(udp_payload, query), kBareOptSize);
  const Done done = compose({serving, item, query, out});
  if (done == Done::referral) [[unlikely]]
    return refer(serving, item, query);
  if (done == Done::no) return 0;
  counters_.edns.add();
  out.add_bare_opt(policy.udp_payload, question.dnssec_ok);
  return finish(done, query, out);
}

[[gnu::noinline]] std::size_t FastPath::answer_with_options(const Serving& serving, Item& item,
                                                            const BatchQuery& query) noexcept {
  const FastQuestion& question = item.question;
  const AnswerPolicy& policy = serving.policy();
  EdnsQuery edns;
  edns.present = true;
  edns.dnssec_ok = question.dnssec_ok;
  if (!read_options(question.options, edns)) return 0;
  const bool bake = edns.cookie && policy.cookies;
  if (bake && !CookieSecrets::is_cookie(*edns.cookie)) return 0;
  const std::uint16_t udp_payload = std::min(question.udp_payload, policy.udp_payload);
  MessageWriter out(query.response, response_limit(udp_payload, query), opt_size(edns, policy));
  const Done done = compose({serving, item, query, out});
  if (done == Done::no || done == Done::referral) return 0;
  EdnsAnswer answer;
  answer.set_zone(*item.zone->zone, item.zone->reports);
  if (bake) {
    const CookieState state =
        answer_cookie(*edns.cookie, *policy.cookies, query.asker.address, clock_, answer);
    counters_.cookies[static_cast<std::size_t>(state)].add();
  }
  counters_.edns.add();
  out.added_opt(write_opt(out.rest(), out.size(), edns, answer, policy, query.asker, 0));
  return finish(done, query, out);
}

inline std::size_t FastPath::finish(Done done, const BatchQuery& query, MessageWriter& out) noexcept {
  const Rcode rcode = done == Done::nxdomain ? Rcode::nxdomain : Rcode::noerror;
  counters_.by_rcode[static_cast<std::size_t>(rcode)].add();
  return out.finish(zones::load_be32(query.query.data()), rcode, true);
}

// From the start, with a writer of its own: the usual way's would have to leave its registers for this.
[[gnu::noinline]] std::size_t FastPath::refer(const Serving& serving, const Item& item,
                                              const BatchQuery& query) noexcept {
  const FastQuestion& question = item.question;
  const AnswerPolicy& policy = serving.policy();
  const std::uint16_t udp_payload =
      question.edns ? std::min(question.udp_payload, policy.udp_payload) : kMinUdpPayload;
  MessageWriter out(query.response, response_limit(udp_payload, query), question.edns ? kBareOptSize : 0);
  out.question(query.query.data() + kHeaderSize, question.size());
  const NodeView cut = item.zone->zone->node(item.further.node);
  const RrsetView ns = cut.rrset(type::kNs);
  const Place place{kHeaderSize + item.further.skipped_octets, kHeaderSize + item.relative_length};
  const std::size_t at = out.size();
  pools_.serve(query.asker.address);
  if (!out.add(MessageWriter::authority, ns, cut.relative_name().size(), place) ||
      !Additional(serving, pools_, out).add_glue({*item.zone, ns, at, place})) {
    out.truncate(question.size());
    counters_.truncated.add();
  }
  if (question.edns) {
    counters_.edns.add();
    out.add_bare_opt(policy.udp_payload, question.dnssec_ok);
  }
  counters_.by_rcode[static_cast<std::size_t>(Rcode::noerror)].add();
  return out.finish(zones::load_be32(query.query.data()), Rcode::noerror, false);
}

// For what has no node of its own, or not one to be answered from. Apart from the rest, so that the usual
// case stays in registers.
[[gnu::noinline]] void FastPath::look_further(Item& item) noexcept {
  const zones::Zone& zone = *item.zone->zone;
  const zones::QueryName& name = item.question.name;
  const auto result = zones::lookup(zone, name);
  item.further = {
      .node = result.node ? zone.offset_of(result.node) : 0,
      .found = result.found,
      .skipped_octets = static_cast<std::uint8_t>(name.length() - name.suffix(result.skipped_labels).size())};
}

inline FastPath::Done FastPath::compose(Job job) noexcept {
  Item& item = job.item;
  job.out.question(job.query.query.data() + kHeaderSize, item.question.size());
  NodeView node(item.node);
  const bool found = zones::Zone::is_named(node, item.question.name.wire().data(), item.relative_length) &&
                     !node.has_any(zones::kNodeHidden | zones::kNodeCut);
  if (!found) [[unlikely]] {
    look_further(item);
    const Found further = item.further.found;
    if (further == Found::nothing) return negative(Done::nxdomain, job);
    if (further == Found::referral) return Done::referral;
    if (further != Found::node) return Done::no;  // a DNAME
    node = item.zone->zone->node(item.further.node);
  }
  return compose_node(node, job);
}

inline FastPath::Done FastPath::compose_node(NodeView node, Job job) noexcept {
  const std::uint16_t qtype = job.item.question.qtype;
  if (node.has(zones::kNodeHasPool) && (qtype == type::kA || qtype == type::kAaaa))
    return compose_pool(node, job);
  const RrsetView rrset = node.rrset(qtype);
  if (!rrset) return node.has(zones::kNodeHasCname) ? Done::no : negative(Done::noerror, job);
  if (rrset.has_additional() && job.serving.policy().additional) return Done::no;
  const Place place{kHeaderSize, job.apex()};
  return job.out.add(MessageWriter::answer, rrset, node.relative_name().size(), place) ? Done::noerror
                                                                                       : Done::no;
}

inline FastPath::Done FastPath::compose_pool(NodeView node, Job job) noexcept {
  const zones::PoolBinding binding = node.first_rrset().pool();
  const AnswerSet& set = PoolRecords::answers(job.serving, job.zone(), binding);
  const Family family = job.item.question.qtype == type::kAaaa ? Family::v6 : Family::v4;
  const AddressAnswers& answers = family == Family::v6 ? set.v6 : set.v4;
  // What is served while all is down comes with an explanation.
  if (answers.all_down || answers.selection == Selection::servfail) return Done::no;
  if (answers.selection == Selection::nodata) return negative(Done::noerror, job);
  // Asked before the draw, which cannot be taken back.
  if (!job.out.has_room(answers.count * std::size_t{answers.rr_size})) return Done::no;
  pools_.serve(job.query.asker.address);
  pools_.add(job.serving, job.zone(), binding, set, family, MessageWriter::answer, kHeaderSize, job.out);
  return Done::noerror;
}

inline FastPath::Done FastPath::negative(Done rcode, Job job) noexcept {
  const Place apex{job.apex(), job.apex()};
  return job.out.add(MessageWriter::authority, job.zone().zone->negative_soa(), 0, apex) ? rcode : Done::no;
}

}  // namespace gslbd::server
