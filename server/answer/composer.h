// SPDX-License-Identifier: Apache-2.0
#pragma once
// Composer: the algorithm of RFC 1034 §4.3.2 over a Serving snapshot: finds what our zones say to a question
// and puts the records into the message.
//
// Thread: its worker's. Never allocates, locks, throws or logs.

#include <algorithm>
#include <array>
#include <optional>

#include "server/answer/additional.h"
#include "server/answer/message.h"
#include "server/answer/message_writer.h"
#include "server/answer/pool_records.h"
#include "server/answer/rate_limiter.h"
#include "server/answer/serving.h"
#include "server/query_handler.h"
#include "zones/lookup.h"

namespace gslbd::server {

/// What has been composed, beside the records.
struct Composed {
  Rcode rcode = Rcode::noerror;
  bool authoritative = true;
  bool fits = true;  ///< false: TC has to be set
  AnswerClass kind = AnswerClass::answer;
  const ServedZone* zone = nullptr;  ///< the question's; null: none of ours, or not for this asker
  std::optional<EdnsError> error;
  std::string_view error_text;
  /// Tells the node that the question's name led to from others: its own, or the wildcard's or DNAME's that
  /// stands for any name an asker may invent. 0: none.
  std::uint64_t source = 0;

  /// An error instead of an answer.
  static Composed failure(Rcode rcode, std::optional<EdnsError> why = std::nullopt) {
    Composed c;
    c.rcode = rcode;
    c.authoritative = false;
    c.kind = AnswerClass::error;
    c.error = why;
    return c;
  }
};

class Composer {
 public:
  /// How many CNAMEs of ours one answer follows; a longer chain, or a loop, ends there.
  static constexpr int kMaxChain = 16;

  Composer(std::size_t worker, std::uint64_t seed) : pools_(worker, seed) {}

  /// Answers `query`, whose question already stands in `out`.
  Composed compose(const Serving& serving, const Query& query, const Asker& asker,
                   MessageWriter& out) noexcept;

  /// What draws from the pools: there is one a worker, whichever way a query is answered.
  PoolRecords& pools() noexcept { return pools_; }

 private:
  // The name that is being answered: the question's, then each CNAME's target.
  struct Current {
    const zones::QueryName* name;
    const ServedZone* zone;
    Place place;  // of the name, and of its zone's apex, in the message
  };
  // One question's answering. The arrays are filled as far as their counts say.
  struct Job {
    Job(const Serving& s, const Query& q, const Asker& a, MessageWriter& o)
        : serving(s), query(q), asker(a), out(o) {
      names[0] = q.name.suffix_hash(0);
    }

    const Serving& serving;
    const Query& query;
    const Asker& asker;
    MessageWriter& out;
    int chain = 0;             // CNAMEs followed
    std::uint64_t source = 0;  // see Composed
    std::size_t dname_count = 0;
    std::array<std::uint64_t, kMaxChain + 1> names;  // the hashes of the names answered, `chain` + 1 of them
    std::array<const void*, kMaxChain + 1> dnames;   // the DNAMEs in the answer, `dname_count` of them

    bool has_dname(zones::NodeView node) const {
      const auto seen = std::span(dnames).first(dname_count);
      return std::find(seen.begin(), seen.end(), node.relative_name().data()) != seen.end();
    }
  };

  Composed answer_name(Job& job, const Current& current) noexcept;
  Composed answer_node(Job& job, const Current& current, zones::NodeView node) noexcept;
  Composed answer_rrset(Job& job, const Current& current, zones::NodeView node,
                        zones::RrsetView rrset) noexcept;
  Composed answer_pool(Job& job, const Current& current, zones::NodeView node) noexcept;
  Composed follow_cname(Job& job, const Current& current, zones::NodeView node) noexcept;
  Composed follow_dname(Job& job, const Current& current, const zones::LookupResult& found) noexcept;
  static bool add_dname(Job& job, const Current& current, const zones::LookupResult& found,
                        std::size_t prefix_length) noexcept;
  // Starts again at a CNAME's target, which stands at `target_at`.
  Composed go_on(Job& job, std::span<const std::uint8_t> target, std::size_t target_at) noexcept;
  Composed refer(Job& job, const Current& current, const zones::LookupResult& found) noexcept;
  static Composed servfail(Job& job) noexcept;
  static Composed negative(Job& job, const Current& current, Rcode rcode) noexcept;

  PoolRecords pools_;
  zones::QueryName target_;  // scratch for CNAME targets
};

}  // namespace gslbd::server
