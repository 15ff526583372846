// SPDX-License-Identifier: Apache-2.0
#pragma once
// Responder: the algorithm of RFC 1034 §4.3.2 over a Serving snapshot, one packet at a time. One object a
// worker.
//
// Thread: its worker's. Reads the published snapshot; never allocates, locks, throws or logs.

#include <array>

#include "core/random.h"
#include "server/answer/message.h"
#include "server/answer/message_writer.h"
#include "server/answer/serving.h"
#include "server/query_handler.h"
#include "zones/lookup.h"
#include "zones/zone_data.h"

namespace gslbd::server {

/// Responses by RCODE, as sent. Written by the worker, read at scrape time.
struct ResponseCounters {
  static constexpr std::size_t kRcodes = 24;
  std::array<Counter, kRcodes> by_rcode;
  Counter truncated;
  Counter dropped;  ///< packets that get no answer: no header, or responses
};

class Responder final : public QueryHandler {
 public:
  /// The largest UDP payload we send or advertise (RFC 9715 §3.1: unlikely to be fragmented anywhere).
  static constexpr std::uint16_t kUdpPayload = 1232;
  /// How many CNAMEs of ours one answer follows; a longer chain, or a loop, ends there.
  static constexpr int kMaxChain = 16;

  Responder(const Published<Serving>& serving, std::size_t worker, std::uint64_t seed)
      : serving_(serving), worker_(worker), random_(seed) {}

  std::size_t handle(std::span<const std::uint8_t> packet, const Asker& asker,
                     std::span<std::uint8_t> response) noexcept override;

  const ResponseCounters& counters() const { return counters_; }

 private:
  // The name that is being answered: the question's, then each CNAME's target.
  struct Current {
    const zones::QueryName* name;
    const ServedZone* zone;
    Place place;  // of the name, and of its zone's apex, in the message
  };
  struct Reply {
    Rcode rcode = Rcode::noerror;
    bool authoritative = true;
    bool fits = true;
  };

  Reply answer_question(const Query& query, MessageWriter& out) noexcept;
  Reply answer_name(const Query& query, const Current& current, MessageWriter& out) noexcept;
  Reply answer_node(const Query& query, const Current& current, zones::NodeView node,
                    MessageWriter& out) noexcept;
  Reply answer_pool(const Query& query, const Current& current, zones::NodeView node,
                    MessageWriter& out) noexcept;
  Reply follow_cname(const Query& query, const Current& current, zones::NodeView node,
                     MessageWriter& out) noexcept;
  Reply follow_dname(const Query& query, const Current& current, const zones::LookupResult& found,
                     MessageWriter& out) noexcept;
  // Starts again at a CNAME's target, which stands at `target_at`. `shares_apex`: it ends in a pointer to the
  // apex of the zone it comes from.
  Reply go_on(const Query& query, const Current& from, std::span<const std::uint8_t> target,
              std::size_t target_at, bool shares_apex, MessageWriter& out) noexcept;
  static Reply refer(const Current& current, const zones::LookupResult& found, MessageWriter& out) noexcept;
  static Reply negative(const Current& current, Rcode rcode, MessageWriter& out) noexcept;
  const ServedZone* find_zone(const Query& query) const noexcept;

  const Published<Serving>& serving_;
  std::size_t worker_;
  Random random_;
  ResponseCounters counters_;
  const Serving* snapshot_ = nullptr;  // of the packet at hand
  int chain_ = 0;                      // CNAMEs followed for it
  Query query_;
  zones::QueryName target_;  // scratch for CNAME targets
};

}  // namespace gslbd::server
