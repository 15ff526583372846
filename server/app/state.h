// SPDX-License-Identifier: Apache-2.0
#pragma once
// State: what the server serves now, and the two ways it changes: a configuration is installed, or a verdict
// arrives. Owns the publication to the workers.
//
// Thread: main only, except published(), which workers read.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "core/published.h"
#include "health/monitor.h"
#include "server/answer/serving.h"
#include "server/app/policy_builder.h"
#include "server/config/loader.h"
#include "server/steering/steering.h"

namespace gslbd::server {

class State {
 public:
  /// How many answers each (pool, site) has had; the site is that of an answer's first address.
  using AnswerTotals = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  State(health::Monitor& monitor, std::size_t workers) : monitor_(monitor), workers_(workers) {}

  /// Serves this configuration from now on: probing starts for new targets and stops for those that are gone.
  /// Returns when no worker reads the old one any more.
  void install(Loaded loaded);
  /// Recompiles the pools that the changes touch; they are in the next query's answer when this returns.
  void apply(std::span<const health::VerdictChange> changes);

  const Published<Serving>& published() const { return serving_; }
  /// What is served now; install() must have been called.
  const Loaded& loaded() const { return loaded_; }
  const Steering& steering() const { return *steering_; }
  /// Counts installed configurations.
  std::uint64_t generation() const { return generation_; }
  AnswerTotals answer_totals() const;

 private:
  void log_pool(std::uint32_t pool) const;

  health::Monitor& monitor_;
  const std::size_t workers_;
  Loaded loaded_{};
  PolicyBuilder policies_;
  std::unique_ptr<Steering> steering_;
  Published<Serving> serving_;
  AnswerTotals retired_answers_;  ///< of configurations served before
  std::uint64_t generation_ = 0;
};

}  // namespace gslbd::server
