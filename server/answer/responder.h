// SPDX-License-Identifier: Apache-2.0
#pragma once
// Responder: one packet in, one packet out. It reads the query, asks the composer what our zones say, and
// does what surrounds that: who may ask and how often, cookies, and the OPT. One object a worker.
//
// Thread: its worker's. Reads the published snapshot; never allocates, locks, throws or logs.

#include <array>

#include "core/cache_line.h"
#include "core/time.h"
#include "server/answer/composer.h"
#include "server/answer/cookie.h"
#include "server/answer/fast_path.h"
#include "server/answer/message.h"
#include "server/answer/message_writer.h"
#include "server/answer/rate_limiter.h"
#include "server/answer/response_counters.h"
#include "server/answer/serving.h"
#include "server/query_handler.h"

namespace gslbd::server {

class alignas(kApart) Responder final : public QueryHandler {
 public:
  /// `clock` must outlive this. It is read for queries with a cookie and when rates are limited.
  Responder(const Published<Serving>& serving, std::size_t worker, std::uint64_t seed, const Clock& clock)
      : serving_(serving),
        clock_(clock),
        composer_(worker, seed),
        fast_(composer_.pools(), counters_, clock) {}

  std::size_t handle(std::span<const std::uint8_t> packet, const Asker& asker,
                     std::span<std::uint8_t> response) noexcept override;
  /// What can take the fast path does; for the others there is handle().
  void handle_batch(std::span<BatchQuery> batch) noexcept override;

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
  FastPath fast_;
  Query query_;  // scratch
};

}  // namespace gslbd::server
