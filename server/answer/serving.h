// SPDX-License-Identifier: Apache-2.0
#pragma once
// Serving: everything a query needs, as one snapshot: the zones, which pool each of their pool names means,
// the pools' answer sets, and the operator's policy. A reload publishes a new Serving; a verdict change only
// swaps answer sets inside it.
//
// Thread: built and published by main. Workers read; what they write (rotation, counters) is theirs alone,
// one WorkerState a worker.

#include <cstdint>
#include <memory>
#include <vector>

#include "core/published.h"
#include "server/answer/answer_set.h"
#include "server/answer/policy.h"
#include "server/counter.h"
#include "zones/zone.h"
#include "zones/zone_directory.h"

namespace gslbd::server {

/// A host that a zone's records name and another zone of ours has.
struct ExternalHost {
  std::uint32_t zone = zones::ZoneDirectory::kNone;  ///< kNone: nobody's
  zones::NodeOffset node = 0;
  std::uint8_t apex_at = 0;  ///< where in the host's name that zone's apex begins
};

struct ServedZone {
  std::shared_ptr<const zones::Zone> zone;
  std::vector<std::uint32_t> pools;  ///< by zones::PoolBinding::pool: index into Serving::pools
  std::shared_ptr<const AccessList> access = nullptr;  ///< who may ask for its names; null: everybody
  // Filled by Serving:
  std::vector<ExternalHost> external = {};  ///< by zones::Zone::external_target()
  bool reports = false;                     ///< errors with it are for the policy's report agent (RFC 9567)
  std::uint64_t apex_hash = 0;              ///< QueryName's of the apex
  bool has_zones_below = false;             ///< a name within it may belong to another zone of ours

  bool admits(const Address& asker) const { return access == nullptr || access->admits(asker); }
};

/// What one worker writes while it serves from one Serving.
struct WorkerState {
  std::vector<std::uint32_t> rotation;  ///< two a pool: IPv4, IPv6
  std::vector<Counter> answers;         ///< by answer counter: (pool, site) pairs
};

class Serving {
 public:
  using Pool = Published<AnswerSet>;

  Serving(std::vector<ServedZone> zones, std::vector<std::unique_ptr<const AnswerSet>> answer_sets,
          std::size_t answer_counters, std::size_t workers,
          std::shared_ptr<const AnswerPolicy> policy = std::make_shared<const AnswerPolicy>())
      : zones_(std::move(zones)),
        directory_(apexes(zones_)),
        pools_(answer_sets.size()),
        policy_(std::move(policy)) {
    find_apexes();
    find_external_hosts();
    find_reporting_zones();
    for (std::size_t i = 0; i < pools_.size(); ++i) (void)pools_[i].exchange(std::move(answer_sets[i]));
    for (std::size_t i = 0; i < workers; ++i) {
      auto state = std::make_unique<WorkerState>();
      state->rotation.resize(pools_.size() * 2);
      state->answers = std::vector<Counter>(answer_counters);
      workers_.push_back(std::move(state));
    }
  }

  const AnswerPolicy& policy() const { return *policy_; }
  const zones::ZoneDirectory& directory() const { return directory_; }
  const std::vector<ServedZone>& zones() const { return zones_; }
  const ServedZone& zone(std::uint32_t index) const { return zones_[index]; }
  Pool& pool(std::uint32_t index) const { return pools_[index]; }
  WorkerState& worker(std::size_t index) const { return *workers_[index]; }
  std::size_t worker_count() const { return workers_.size(); }

 private:
  static std::vector<const zones::Zone*> apexes(const std::vector<ServedZone>& zones) {
    std::vector<const zones::Zone*> out;
    for (const auto& z : zones) out.push_back(z.zone.get());
    return out;
  }

  void find_apexes();
  void find_external_hosts();
  void find_reporting_zones();

  std::vector<ServedZone> zones_;
  zones::ZoneDirectory directory_;
  mutable std::vector<Pool> pools_;
  std::shared_ptr<const AnswerPolicy> policy_;
  std::vector<std::unique_ptr<WorkerState>> workers_;
};

}  // namespace gslbd::server
