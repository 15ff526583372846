// SPDX-License-Identifier: Apache-2.0
#include "server/app/state.h"

#include <fmt/format.h>

#include "core/log.h"

namespace gslbd::server {
namespace {

void add_answers(const Steering& steering, const Serving& serving, State::AnswerTotals& totals) {
  for (std::size_t c = 0; c < steering.counters().size(); ++c) {
    const auto& [pool, site] = steering.counters()[c];
    std::uint64_t& total = totals[{steering.pools()[pool].name, site}];
    for (std::size_t w = 0; w < serving.worker_count(); ++w) total += serving.worker(w).answers[c].value();
  }
}

}  // namespace

std::vector<health::TargetSpec> State::plan(const Steering& steering, const Loaded& loaded) const {
  std::vector<health::TargetSpec> all(steering.targets().begin(), steering.targets().end());
  all.insert(all.end(), loaded.canaries.begin(), loaded.canaries.end());
  return all;
}

void State::install(NextEdition next, const ForcedLookup& forced) {
  // What may take much memory comes before anything that others see: running out of it changes nothing.
  auto policy = policies_.make(*next.edition.loaded);
  Started started{pools_, {}};
  if (next.steering) started = start(*next.steering, *next.edition.loaded, forced);
  auto serving = std::make_unique<Serving>(next.edition.zones, started.pools, std::move(policy));
  monitor_.set_self_doubt(next.edition.loaded->config.isolation.on);

  struct Retired {
    std::unique_ptr<const Serving> serving;
    std::unique_ptr<Steering> steering;
    Edition edition;
  };
  const auto retired = std::make_shared<Retired>();
  std::vector<health::TargetId> ids;
  for (const auto& b : started.believed) ids.push_back(b.id);
  retired->serving = serving_.exchange(std::move(serving));
  wait_for_readers();
  retired->edition = std::exchange(edition_, std::move(next.edition));
  ++generation_;
  if (next.steering) {
    retired->steering = std::exchange(steering_, std::move(next.steering));
    pools_ = std::move(started.pools);
    target_ids_ = std::move(ids);
    out_of_step_ = false;
    if (retired->serving) add_answers(*retired->steering, *retired->serving, retired_answers_);
    events_.on_installed(started.believed);
  }
  if (events_.on_retired) events_.on_retired(retired);
}

// Gives the health thread the plan, and compiles every pool by what it believes.
State::Started State::start(Steering& next, const Loaded& loaded, const ForcedLookup& forced) {
  out_of_step_ = true;  // until it is done: whatever throws leaves the health thread with another plan
  Started started;
  started.believed = monitor_.apply(plan(next, loaded));
  started.believed.resize(next.targets().size());  // nobody steers by canaries
  next.bind(started.believed, forced);
  if (steering_) next.inherit(*steering_, SystemClock().now());
  std::vector<std::unique_ptr<const AnswerSet>> sets;
  for (std::uint32_t p = 0; p < next.pools().size(); ++p) sets.push_back(next.compile(p));
  started.pools = std::make_shared<ServedPools>(std::move(sets), next.counters().size(), workers_);
  return started;
}

void State::apply(std::span<const health::VerdictChange> changes) {
  if (!steering_) return;
  const MonotonicTime now = SystemClock().now();
  PoolSet touched;
  PoolSet decided;  // not merely about to change
  for (const auto& change : changes) {
    for (const auto pool : steering_->apply(change, now)) {
      touched.insert(pool);
      if (change.from != change.to) decided.insert(pool);
    }
  }
  publish(touched);
  for (const auto pool : decided) log_pool(pool);
}

void State::set_forced(const ForcedLookup& forced) {
  if (!steering_) return;
  const auto touched = steering_->set_forced(forced, SystemClock().now());
  publish({touched.begin(), touched.end()});
  for (const auto pool : touched) log_pool(pool);
}

std::optional<MonotonicTime> State::next_step() const {
  return steering_ ? steering_->next_step() : std::nullopt;
}

void State::step() {
  if (!steering_) return;
  const auto touched = steering_->advance(SystemClock().now());
  publish({touched.begin(), touched.end()});
}

// The steering knows what each was believed to be.
void State::forget_verdicts() {
  out_of_step_ = true;
  std::vector<health::VerdictChange> changes;
  const WallTime at = SystemClock().wall_now();
  for (const auto id : target_ids_) {
    changes.push_back({id, health::Verdict::up, health::Verdict::unknown, at, false});
  }
  apply(changes);
}

void State::recall_verdicts() {
  if (!steering_) return;
  std::vector<health::VerdictChange> changes;
  const WallTime at = SystemClock().wall_now();
  // The whole plan: a reload that the thread did not answer may have left it with another one.
  auto believed = monitor_.apply(plan(*steering_, *edition_.loaded));
  believed.resize(target_ids_.size());
  for (const auto& b : believed)
    changes.push_back({b.id, health::Verdict::unknown, b.verdict, at, b.pending});
  apply(changes);
  out_of_step_ = false;
}

void State::publish(const PoolSet& pools) {
  if (pools.empty()) return;
  const Serving& serving = *serving_.read();
  std::vector<std::unique_ptr<const AnswerSet>> old;
  for (const auto pool : pools) old.push_back(serving.pool(pool).exchange(steering_->compile(pool)));
  wait_for_readers();
  events_.on_pools(std::vector(pools.begin(), pools.end()));
}

void State::log_pool(std::uint32_t pool) const {
  for (const Family family : {Family::v4, Family::v6}) {
    const Decision decision = steering_->decide(pool, family);
    if (decision.why == Why::no_members) continue;
    std::string members;
    for (const auto m : decision.members) {
      members += " " + steering_->pools()[decision.pool].members[m].address.to_string();
    }
    log::info("pool {} answers {} with{} ({})", steering_->pools()[pool].name,
              family == Family::v4 ? "A" : "AAAA", members.empty() ? " nothing" : members,
              why_name(decision.why));
  }
}

State::AnswerTotals State::answer_totals() const {
  AnswerTotals totals = retired_answers_;
  const Serving* serving = serving_.read();
  if (serving != nullptr) add_answers(*steering_, *serving, totals);
  return totals;
}

}  // namespace gslbd::server
