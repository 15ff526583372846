// SPDX-License-Identifier: Apache-2.0
#include "server/answer/serving.h"

#include <algorithm>

namespace gslbd::server {

ServedPools::ServedPools(std::vector<std::unique_ptr<const AnswerSet>> answer_sets,
                         std::size_t answer_counters, std::size_t workers)
    : pools_(answer_sets.size()) {
  for (std::size_t i = 0; i < pools_.size(); ++i) (void)pools_[i].exchange(std::move(answer_sets[i]));
  for (std::size_t i = 0; i < workers; ++i) {
    auto state = std::make_unique<WorkerState>();
    state->rotation.resize(pools_.size() * 2);
    state->answers = ApartVector<Counter>(answer_counters);
    workers_.push_back(std::move(state));
  }
}

Serving::Serving(std::vector<ServedZone> zones, std::vector<std::unique_ptr<const AnswerSet>> answer_sets,
                 std::size_t answer_counters, std::size_t workers, std::shared_ptr<const AnswerPolicy> policy)
    : Serving(std::make_shared<const ServedZones>(std::move(zones), policy->report_agent),
              std::make_shared<ServedPools>(std::move(answer_sets), answer_counters, workers), policy) {}

bool Serving::is_guarded(const AnswerPolicy& policy) {
  return policy.rate_limiter != nullptr ||
         std::any_of(policy.listeners.begin(), policy.listeners.end(),
                     [](const AccessList& list) { return !list.is_open(); });
}

}  // namespace gslbd::server
