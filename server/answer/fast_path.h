// SPDX-License-Identifier: Apache-2.0
#pragma once
// FastPath: the short way for the queries that nearly all are: a plain question (fast_question.h) for a name
// of a zone that anybody may ask, answered by records that name no hosts, by a pool, by the zone's SOA, or by
// a referral.
// The long way, Responder::handle(), knows all there is to know, and gives these queries the same octets: a
// test and a fuzz target hold the two equal.
//
// A lookup waits for memory: for its slot in the zone's table, then for its node. So a batch is looked up in
// step: all its questions are read and their slots fetched ahead, then all their nodes, and only then is the
// first one answered.
//
// Thread: its worker's. Never allocates, locks, throws or logs.

#include <array>
#include <cstdint>
#include <span>

#include "core/time.h"
#include "server/answer/fast_question.h"
#include "server/answer/message_writer.h"
#include "server/answer/pool_records.h"
#include "server/answer/response_counters.h"
#include "server/answer/serving.h"
#include "server/query_handler.h"
#include "zones/lookup.h"

namespace gslbd::server {

class FastPath {
 public:
  /// All are the responder's, and outlive this.
  FastPath(PoolRecords& pools, ResponseCounters& counters, const Clock& clock)
      : pools_(pools), counters_(counters), clock_(clock) {}

  /// Answers a batch of at most kMaxBatch: what cannot take the fast path goes to `long_way`, in its turn.
  void answer(const Serving& serving, std::span<BatchQuery> batch, QueryHandler& long_way) noexcept;

 private:
  // What a lookup came to (zones::LookupResult).
  struct Located {
    zones::NodeOffset node;
    zones::Found found;
    std::uint8_t skipped_octets;  ///< of the name, left of the node's
  };
  // A query and what has been found for it.
  struct Item {
    const ServedZone* zone = nullptr;  ///< that it is for; null: it takes the long way
    std::size_t relative_length = 0;   ///< octets of its name left of the zone's apex
    zones::NameIndex::Place place;     ///< see zones::Zone::prefetch()
    const std::uint8_t* node;          ///< see zones::Zone::candidate()
    Located further;                   ///< where it leads if not to `node`
    FastQuestion question;
  };
  // An answer under way.
  struct Job {
    const Serving& serving;
    Item& item;
    const BatchQuery& query;
    MessageWriter& out;

    const ServedZone& zone() const noexcept { return *item.zone; }
    /// Where the zone's apex stands in the message.
    std::size_t apex() const noexcept { return kHeaderSize + item.relative_length; }
  };
  /// How an answer came out.
  enum class Done : std::uint8_t { no, noerror, nxdomain, referral };

  void read(const Serving& serving, std::span<const BatchQuery> batch) noexcept;
  static const ServedZone* find_zone(const Serving& serving, zones::QueryName& name,
                                     const ServedZone& guess) noexcept;
  std::size_t answer_one(const Serving& serving, Item& item, const BatchQuery& query) noexcept;
  std::size_t answer_with_opt(const Serving& serving, Item& item, const BatchQuery& query) noexcept;
  std::size_t answer_with_options(const Serving& serving, Item& item, const BatchQuery& query) noexcept;
  std::size_t finish(Done done, const BatchQuery& query, MessageWriter& out) noexcept;
  std::size_t refer(const Serving& serving, const Item& item, const BatchQuery& query) noexcept;
  static void look_further(Item& item) noexcept;
  Done compose(Job job) noexcept;
  Done compose_node(zones::NodeView node, Job job) noexcept;
  Done compose_pool(zones::NodeView node, Job job) noexcept;
  static Done negative(Done rcode, Job job) noexcept;

  PoolRecords& pools_;
  ResponseCounters& counters_;
  const Clock& clock_;
  std::array<Item, kMaxBatch> items_;
};

}  // namespace gslbd::server
