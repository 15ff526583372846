// SPDX-License-Identifier: Apache-2.0
#pragma once
// PoolRecords: a worker's hand on the pools: it draws the records that an answer takes, moving this worker's
// rotation on, and counts them.
//
// Thread: its worker's.

#include <algorithm>

#include "core/random.h"
#include "server/answer/message_writer.h"
#include "server/answer/serving.h"
#include "zones/zone_data.h"

namespace gslbd::server {

class PoolRecords {
 public:
  PoolRecords(std::size_t worker, std::uint64_t seed) : worker_(worker), random_(seed) {}

  /// Whom the next answers are for; `client` stays where it is until they are written.
  void serve(const Address& client) noexcept { client_ = &client; }

  /// What pool `binding` of `zone` answers as things stand. To be asked once for an answer.
  static const AnswerSet& answers(const Serving& serving, const ServedZone& zone,
                                  zones::PoolBinding binding) noexcept {
    return *serving.pool(zone.pools[binding.pool]).read();
  }
  static bool has_records(const AddressAnswers& a) noexcept {
    return a.selection == Selection::rotated || a.selection == Selection::weighted;
  }

  /// Adds the records of one family of `set`, which must have some, as answers() gave it: a verdict may
  /// change what that gives at any moment. False when they do not fit.
  bool add(const Serving& serving, const ServedZone& zone, zones::PoolBinding binding, const AnswerSet& set,
           Family family, MessageWriter::Section section, std::size_t owner, MessageWriter& out) noexcept {
    const bool v6 = family == Family::v6;
    WorkerState& mine = serving.worker(worker_);
    std::uint32_t& rotation = mine.rotation[2 * std::size_t{zone.pools[binding.pool]} + (v6 ? 1 : 0)];
    const AddressAnswers& answers = v6 ? set.v6 : set.v4;
    const Chosen chosen = choose(answers, set.client_key, *client_, rotation, random_);
    if (section == MessageWriter::answer) mine.answers[chosen.counter].add();
    // kPoolTtl is the largest number: a limit undercuts it too.
    const std::uint32_t ttl_s = std::min(binding.ttl_s, answers.ttl_limit_s);
    return out.add_uniform(section, chosen.records, chosen.count, owner, ttl_s, zones::ZoneData::kPoolTtl);
  }

 private:
  std::size_t worker_;
  Random random_;
  const Address* client_ = nullptr;
};

}  // namespace gslbd::server
