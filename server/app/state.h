// SPDX-License-Identifier: Apache-2.0
#pragma once
// State: what the server serves now, and the two ways it changes: a configuration is installed, or a verdict
// arrives. Owns the publication to the workers.
//
// Thread: main only, except published(), which workers read.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/published.h"
#include "health/monitor.h"
#include "server/answer/serving.h"
#include "server/app/edition.h"
#include "server/app/policy_builder.h"
#include "server/steering/steering.h"

namespace gslbd::server {

class State {
 public:
  /// How many answers each (pool, site) has had; the site is that of an answer's first address.
  using AnswerTotals = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  /// Called on main when what it names serves; they may read, not change, the state.
  struct Events {
    /// A configuration with another plan was installed; `believed` in the order of steering().targets().
    std::function<void(std::span<const health::Believed> believed)> on_installed;
    /// The answers of these pools were compiled anew.
    std::function<void(std::span<const std::uint32_t> pools)> on_pools;
    /// Nobody needs this any more. Letting it go may take long: not on this thread.
    std::function<void(std::shared_ptr<const void> retired)> on_retired = {};
  };

  State(health::Monitor& monitor, std::size_t workers, Events events)
      : monitor_(monitor), workers_(workers), events_(std::move(events)) {}

  /// Serves this configuration from now on; it must have been made from edition(). Where the plan is another,
  /// probing starts for new targets and stops for those that are gone, and `forced` is what is forced from
  /// the first answer on. Returns when no worker reads the old one any more. std::runtime_error when the
  /// health thread does not answer: then nothing has changed.
  void install(NextEdition next, const ForcedLookup& forced);
  /// Recompiles the pools that the changes touch; they are in the next query's answer when this returns.
  void apply(std::span<const health::VerdictChange> changes);
  /// The same for what is forced, looked up anew.
  void set_forced(const ForcedLookup& forced);
  /// When the next step of a slow start is due; nullopt while there is none.
  std::optional<MonotonicTime> next_step() const;
  void step();

  /// The health thread is lost: nothing that it said is believed any more.
  void forget_verdicts();
  /// True while the health thread may have another plan than what serves, or its verdicts are forgotten:
  /// recall_verdicts() as soon as it answers.
  bool out_of_step() const { return out_of_step_; }
  /// Gives it the plan again and takes its verdicts. std::runtime_error when it does not answer after all.
  void recall_verdicts();

  const Published<Serving>& published() const { return serving_; }
  /// What is served now; install() must have been called.
  const Loaded& loaded() const { return *edition_.loaded; }
  const Edition& edition() const { return edition_; }
  const Steering& steering() const { return *steering_; }
  /// Counts installed configurations.
  std::uint64_t generation() const { return generation_; }
  AnswerTotals answer_totals() const;

 private:
  using PoolSet = std::set<std::uint32_t>;

  std::vector<health::TargetSpec> plan(const Steering& steering, const Loaded& loaded) const;
  struct Started {
    std::shared_ptr<ServedPools> pools;
    std::vector<health::Believed> believed;
  };
  Started start(Steering& next, const Loaded& loaded, const ForcedLookup& forced);
  void publish(const PoolSet& pools);
  void log_pool(std::uint32_t pool) const;

  health::Monitor& monitor_;
  const std::size_t workers_;
  const Events events_;
  Edition edition_{std::make_shared<const Loaded>(), nullptr};  ///< nothing before install()
  PolicyBuilder policies_;
  std::unique_ptr<Steering> steering_;
  std::shared_ptr<ServedPools> pools_;        ///< as steering_ compiled them
  std::vector<health::TargetId> target_ids_;  ///< in the order of steering_->targets()
  Published<Serving> serving_;
  AnswerTotals retired_answers_;  ///< of configurations served before
  std::uint64_t generation_ = 0;
  bool out_of_step_ = false;
};

}  // namespace gslbd::server
