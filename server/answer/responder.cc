// SPDX-License-Identifier: Apache-2.0
#include "server/answer/responder.h"

#include <algorithm>

namespace gslbd::server {
namespace {

std::size_t response_limit(const Query& query, const AnswerPolicy& policy, Transport transport,
                           std::size_t buffer) {
  if (transport == Transport::tcp) return std::min(kMaxMessageSize, buffer);
  return std::min<std::size_t>(std::min(query.edns.udp_payload, policy.udp_payload), buffer);
}

bool may_ask(const AnswerPolicy& policy, const Asker& asker) {
  if (asker.listener >= policy.listeners.size()) return true;
  const AccessList& list = policy.listeners[asker.listener];
  return list.is_open() || list.admits(asker.address);
}

// What a rate limit counts together: answers by the node they come from; what a forger can have for any name
// he invents, by zone.
std::uint64_t limit_key(const Query& query, const Composed& done) {
  if (done.zone == nullptr) return 0;
  if (done.kind == AnswerClass::answer) return done.source;
  return query.name.suffix_hash(query.name.label_count() - done.zone->zone->apex_labels());
}

void describe(const Composed& done, EdnsAnswer& edns) {
  edns.error = done.error;
  edns.error_text = done.error_text;
  if (done.zone == nullptr) return;
  edns.set_zone(*done.zone->zone, done.zone->reports);
}

}  // namespace

std::size_t Responder::handle(std::span<const std::uint8_t> packet, const Asker& asker,
                              std::span<std::uint8_t> response) noexcept {
  const Parsed parsed = parse_query(packet, query_);
  if (parsed == Parsed::drop) {
    counters_.dropped.add();
    return 0;
  }
  const Serving& serving = *serving_.read();
  const AnswerPolicy& policy = serving.policy();
  EdnsAnswer edns;
  CookieState cookie = CookieState::none;
  if (query_.edns.cookie && policy.cookies) cookie = bake_cookie(*policy.cookies, asker, edns);
  MessageWriter out(response, response_limit(query_, policy, asker.transport, response.size()),
                    opt_size(query_.edns, policy));
  if (!query_.question.empty()) out.question(query_.question.data(), query_.question.size());
  Composed done = answer(parsed, serving, asker, cookie, out);
  if (!done.fits) out.truncate(query_.question.size());
  if (policy.rate_limiter != nullptr && !limit_rate(policy, asker, cookie, out, done)) return 0;
  if (query_.edns.present) {
    counters_.edns.add();
    describe(done, edns);
    out.added_opt(write_opt(out.rest(), out.size(), query_.edns, edns, policy, asker,
                            static_cast<std::uint16_t>(done.rcode)));
  }
  if (out.truncated()) counters_.truncated.add();
  counters_.by_rcode[static_cast<std::size_t>(done.rcode) % ResponseCounters::kRcodes].add();
  return out.finish(std::uint32_t{query_.id} << 16 | query_.flags, done.rcode, done.authoritative);
}

void Responder::handle_batch(std::span<BatchQuery> batch) noexcept {
  const Serving& serving = *serving_.read();
  for (; batch.size() > kMaxBatch; batch = batch.subspan(kMaxBatch)) {
    fast_.answer(serving, batch.first(kMaxBatch), *this);
  }
  fast_.answer(serving, batch, *this);
}

Composed Responder::answer(Parsed parsed, const Serving& serving, const Asker& asker, CookieState cookie,
                           MessageWriter& out) noexcept {
  const AnswerPolicy& policy = serving.policy();
  if (parsed == Parsed::cookie_only) {
    // RFC 7873 §5.4; to who does not do cookies it is a query without a question.
    return Composed::failure(!policy.cookies                  ? Rcode::formerr
                             : cookie == CookieState::invalid ? Rcode::badcookie
                                                              : query_.rcode);
  }
  if (parsed != Parsed::query || query_.rcode != Rcode::noerror) return Composed::failure(query_.rcode);
  Composed done;
  if (!may_ask(policy, asker)) {
    done = Composed::failure(Rcode::refused, EdnsError::prohibited);
  } else if (query_.qclass == zones::kClassChaos) {
    done = answer_chaos(policy, out);
  } else {
    done = composer_.compose(serving, query_, asker, out);
  }
  if (done.error == EdnsError::prohibited) counters_.access_refused.add();
  return done;
}

// RFC 4892. A name that is switched off is as if it were not there.
Composed Responder::answer_chaos(const AnswerPolicy& policy, MessageWriter& out) const noexcept {
  const auto record = policy.chaos.find(query_.name);
  if (record.empty()) return Composed::failure(Rcode::refused);
  Composed done;
  const bool wanted = query_.qtype == zones::type::kTxt || query_.qtype == zones::type::kAny;
  if (wanted) done.fits = out.add_ready(record);
  return done;
}

// An option of a wrong length makes the query malformed (RFC 7873 §5.2.2).
CookieState Responder::bake_cookie(const CookieSecrets& secrets, const Asker& asker,
                                   EdnsAnswer& edns) noexcept {
  if (!CookieSecrets::is_cookie(*query_.edns.cookie)) {
    query_.edns.forget_options();
    query_.rcode = Rcode::formerr;
    return CookieState::none;
  }
  const CookieState state = answer_cookie(*query_.edns.cookie, secrets, asker.address, clock_, edns);
  counters_.cookies[static_cast<std::size_t>(state)].add();
  return state;
}

// False: nothing is to be sent. Neither TCP nor a valid cookie can be forged: those askers are not limited.
bool Responder::limit_rate(const AnswerPolicy& policy, const Asker& asker, CookieState cookie,
                           MessageWriter& out, Composed& done) noexcept {
  const bool proven = cookie == CookieState::valid || cookie == CookieState::valid_renew;
  if (asker.transport == Transport::tcp || proven) return true;
  // An error has no records to leave out, but there is BADCOOKIE.
  const bool can_slip = done.kind != AnswerClass::error || cookie != CookieState::none;
  switch (policy.rate_limiter->admit(asker.address, done.kind, limit_key(query_, done), clock_.now(),
                                     counters_.rate_limit, can_slip)) {
    case RateAction::send:
      return true;
    case RateAction::drop:
      return false;
    case RateAction::truncate:
      break;
  }
  // What is sent instead must not be of use to who has it sent to somebody else: no option but the cookie.
  query_.edns.forget_options_but_cookie();
  done.error.reset();
  done.zone = nullptr;
  if (cookie == CookieState::none) {
    out.truncate(query_.question.size());
  } else {
    // RFC 7873 §5.2.3: the asker comes again with the cookie that goes with this, and is let through.
    out.clear(query_.question.size());
    done.rcode = Rcode::badcookie;
    done.authoritative = false;
  }
  return true;
}

}  // namespace gslbd::server
