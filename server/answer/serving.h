// SPDX-License-Identifier: Apache-2.0
#pragma once
// Serving: everything a query needs, as one snapshot: the zones, the pools' answer sets, and the operator's
// policy. A reload publishes a new Serving; a verdict change only swaps answer sets inside it.
//
// A reload that leaves the pools alone passes them on: the new Serving has the same ServedPools, and with
// them the answer sets, every worker's rotation and its counters.
//
// Thread: built and published by main. Workers read; what they write (rotation, counters) is theirs alone,
// one WorkerState a worker.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/cache_line.h"
#include "core/published.h"
#include "server/answer/answer_set.h"
#include "server/answer/policy.h"
#include "server/answer/served_zones.h"
#include "server/counter.h"

namespace gslbd::server {

/// What one worker writes while it serves from the same pools.
struct alignas(kApart) WorkerState {
  ApartVector<std::uint32_t> rotation;  ///< two a pool: IPv4, IPv6
  ApartVector<Counter> answers;         ///< by answer counter: (pool, site) pairs
};

/// The answers of the pools of one Steering.
class ServedPools {
 public:
  using Pool = Published<AnswerSet>;

  ServedPools(std::vector<std::unique_ptr<const AnswerSet>> answer_sets, std::size_t answer_counters,
              std::size_t workers);

 private:
  friend class Serving;
  std::vector<Pool> pools_;
  std::vector<std::unique_ptr<WorkerState>> workers_;
};

class Serving {
 public:
  using Pool = ServedPools::Pool;

  Serving(std::shared_ptr<const ServedZones> zones, std::shared_ptr<ServedPools> pools,
          std::shared_ptr<const AnswerPolicy> policy)
      : served_zones_(std::move(zones)),
        served_pools_(std::move(pools)),
        policy_(std::move(policy)),
        directory_(&served_zones_->directory()),
        zones_(served_zones_->all()),
        pools_(served_pools_->pools_),
        workers_(served_pools_->workers_),
        guarded_(is_guarded(*policy_)) {}
  /// Of zones and pools that nothing else uses.
  Serving(std::vector<ServedZone> zones, std::vector<std::unique_ptr<const AnswerSet>> answer_sets,
          std::size_t answer_counters, std::size_t workers,
          std::shared_ptr<const AnswerPolicy> policy = std::make_shared<const AnswerPolicy>());

  const AnswerPolicy& policy() const { return *policy_; }
  /// True when not everybody may ask on every listener, or not as often as he likes.
  bool is_guarded() const { return guarded_; }
  const zones::ZoneDirectory& directory() const { return *directory_; }
  std::span<const ServedZone> zones() const { return zones_; }
  const ServedZone& zone(std::uint32_t index) const { return zones_[index]; }
  Pool& pool(std::uint32_t index) const { return pools_[index]; }
  WorkerState& worker(std::size_t index) const { return *workers_[index]; }
  std::size_t worker_count() const { return workers_.size(); }

 private:
  std::shared_ptr<const ServedZones> served_zones_;
  std::shared_ptr<ServedPools> served_pools_;
  std::shared_ptr<const AnswerPolicy> policy_;
  static bool is_guarded(const AnswerPolicy& policy);

  // Of the above, one step nearer to a query:
  const zones::ZoneDirectory* directory_;
  std::span<const ServedZone> zones_;
  std::span<Pool> pools_;
  std::span<const std::unique_ptr<WorkerState>> workers_;
  bool guarded_;
};

}  // namespace gslbd::server
