// SPDX-License-Identifier: Apache-2.0
#include "server/app/state.h"

#include <fmt/format.h>

#include <set>

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

void State::install(Loaded loaded) {
  // What may take much memory comes before anything that others see: running out of it changes nothing.
  auto policy = policies_.make(loaded);
  auto steering = std::make_unique<Steering>(loaded.pools);
  const std::vector<health::TargetSpec> targets(steering->targets().begin(), steering->targets().end());
  steering->bind(monitor_.apply(targets));
  if (steering_) steering->inherit(*steering_);

  std::vector<std::unique_ptr<const AnswerSet>> sets;
  for (std::uint32_t p = 0; p < loaded.pools.size(); ++p) sets.push_back(steering->compile(p));
  std::vector<ServedZone> zones;
  for (const LoadedZone& zone : loaded.zones) zones.push_back({zone.zone, zone.pools, zone.access});

  const auto old = serving_.exchange(std::make_unique<Serving>(
      std::move(zones), std::move(sets), steering->counters().size(), workers_, std::move(policy)));
  wait_for_readers();
  if (old) add_answers(*steering_, *old, retired_answers_);
  steering_ = std::move(steering);
  loaded_ = std::move(loaded);
  ++generation_;
}

void State::apply(std::span<const health::VerdictChange> changes) {
  if (!steering_) return;
  std::set<std::uint32_t> touched;
  for (const auto& change : changes) {
    for (const auto pool : steering_->apply(change.id, change.to)) touched.insert(pool);
  }
  if (touched.empty()) return;
  const Serving& serving = *serving_.read();
  std::vector<std::unique_ptr<const AnswerSet>> old;
  for (const auto pool : touched) old.push_back(serving.pool(pool).exchange(steering_->compile(pool)));
  wait_for_readers();
  for (const auto pool : touched) log_pool(pool);
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
