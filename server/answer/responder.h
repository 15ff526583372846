// SPDX-License-Identifier: Apache-2.0
#pragma once
// Responder: one packet in, one packet out. It reads the query, asks the composer what our zones say, and
// does what surrounds that: who may ask and how often, cookies, and the OPT. One object a worker.
//
// Thread: its worker's. Reads the published snapshot; never allocates, locks, throws or logs.

#include <array>

#include "core/time.h"
#include "server/answer/composer.h"
#include "server/answer/cookie.h"
#include "server/answer/message.h"
#include "server/answer/message_writer.h"
#include "server/answer/rate_limiter.h"
#include "server/answer/serving.h"
#include "server/query_handler.h"

namespace gslbd::server {

/// What the responder counts. Written by the worker, read at scrape time.
struct ResponseCounters {
  static constexpr std::size_t kRcodes = 24;
  std::array<Counter, kRcodes> by_rcode;  ///< responses, as sent
  Counter truncated;
  Counter dropped;                             ///< packets that get no answer: no header, or responses
  Counter edns;                                ///< queries with an OPT
  Counter access_refused;                      ///< by an access list of a listener or a zone
  std::array<Counter, kCookieStates> cookies;  ///< queries by CookieState
  RateLimitCounters rate_limit;
};

class Responder final : public QueryHandler {
 public:
  /// `clock` must outlive this. It is read for queries with a cookie and when rates are limited.
  Responder(const Published<Serving>& serving, std::size_t worker, std::uint64_t seed, const Clock& clock)
      : serving_(serving), clock_(clock), composer_(worker, seed) {}

  std::size_t handle(std::span<const std::uint8_t> packet, const Asker& asker,
                     std::span<std::uint8_t> response) noexcept override;

  const ResponseCounters& counters() const { return counters_; }

 private:
  Composed answer(Parsed parsed, const Serving& serving, const Asker& asker, CookieState cookie,
                  MessageWriter& out) noexcept;
  Composed answer_chaos(const AnswerPolicy& policy, MessageWriter& out) const noexcept;
  CookieState bake_cookie(const CookieSecrets& secrets, const Asker& asker, EdnsAnswer& edns) noexcept;
  bool limit_rate(const AnswerPolicy& policy, const Asker& asker, CookieState cookie, MessageWriter& out,
                  Composed& done) noexcept;

  const Published<Serving>& serving_;
  const Clock& clock_;
  Composer composer_;
  ResponseCounters counters_;
  Query query_;  // scratch
};

}  // namespace gslbd::server
