// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/life.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "health/engine.h"
#include "tests/health/sim/truth_network.h"

namespace gslbd::health::sim {
namespace {

using namespace std::chrono_literals;

Address address_of(std::uint32_t site, std::uint32_t i) {
  const std::uint8_t bytes[4] = {198, 51, static_cast<std::uint8_t>(site), static_cast<std::uint8_t>(i + 1)};
  return Address::from_v4(bytes);
}

// Mild ones and strict ones; with many the ceiling is in reach.
DampingRules draw_damping(Random& random) {
  DampingRules rules;
  rules.half_life = std::chrono::seconds(20 + random.below(100));
  rules.suppress = 1.5 + 2.0 * random.unit();
  rules.reuse = 0.5 + 0.5 * random.unit();
  const double halvings = std::log2((rules.suppress + 0.1 + random.unit()) / rules.reuse);
  rules.max_hold =
      Duration(static_cast<Duration::rep>(halvings * static_cast<double>(rules.half_life.count())));
  return rules;
}

void draw_reluctance(Random& random, Check& check) {
  switch (random.below(4)) {
    case 0:
      check.damping = draw_damping(random);
      break;
    case 1:
      check.failback = Failback::delayed;
      check.failback_delay = std::chrono::seconds(1 + random.below(60));
      break;
    case 2:
      check.failback = Failback::manual;
      break;
    default:  // what is damped may also wait for its delay or its operator
      check.damping = draw_damping(random);
      check.failback = random.below(2) == 0 ? Failback::delayed : Failback::manual;
      check.failback_delay = std::chrono::seconds(1 + random.below(60));
  }
}

std::shared_ptr<const Check> draw_check(Random& random, const Plan& plan, const std::string& name) {
  auto check = std::make_shared<Check>();
  check->name = name;
  check->type = sim_check_type();
  check->options = std::make_shared<CheckOptions>();
  check->interval = plan.interval / 2 +
                    std::chrono::milliseconds(random.below(static_cast<std::uint32_t>(plan.interval / 1ms)));
  check->timeout = std::min<Duration>(check->interval, std::chrono::milliseconds(200 + random.below(1500)));
  check->confirm_interval =
      std::min<Duration>(check->interval, std::chrono::milliseconds(50 + random.below(500)));
  check->rise = 1 + random.below(3);
  check->fall = 2 + random.below(3);
  check->jitter = 0.1 * random.below(4);
  check->max_age = 5 * check->interval + check->timeout;
  check->hold = random.below(2) == 0;
  if (plan.reluctant || random.below(4) == 0) draw_reluctance(random, *check);
  return check;
}

/// Everything that takes part. The members stand in the order in which they need each other.
class World {
 public:
  World(const Plan& plan, std::uint64_t seed, const Watchers& watchers);
  Summary live();

 private:
  std::vector<TargetSpec> draw_targets();
  void set_up_deadlines();
  void operator_comes();

  const Plan plan_;
  const Watchers watchers_;
  Random random_;
  ManualClock clock_;
  SimScheduler scheduler_;
  const MonotonicTime end_;
  std::vector<Site> sites_;
  const std::vector<TargetSpec> targets_;
  const Truth truth_;
  Referee referee_;
  TruthNetwork network_;
  Engine engine_;
};

World::World(const Plan& plan, std::uint64_t seed, const Watchers& watchers)
    : plan_(plan),
      watchers_(watchers),
      random_(seed),
      scheduler_(clock_),
      end_(clock_.now() + plan.length),
      targets_(draw_targets()),
      truth_(draw(sites_, plan.weather, clock_.now() + 30s, end_, seed + 1)),
      referee_(truth_, clock_, watchers.transcript),
      network_(truth_, clock_, scheduler_, referee_, seed + 2),
      engine_({.seed = seed}, clock_, scheduler_, network_,
              {.on_change =
                   [this](const VerdictChange& c, const TargetStatus& s) {
                     referee_.on_change(c, s);
                     if (watchers_.on_change) watchers_.on_change(c, s);
                   },
               .on_first_round = [] {},
               .on_event =
                   [this](const Event& e) {
                     referee_.on_event(e);
                     if (watchers_.on_event) watchers_.on_event(e);
                   }},
              &network_) {}

std::vector<TargetSpec> World::draw_targets() {
  std::vector<TargetSpec> targets;
  for (std::uint32_t s = 0; s < plan_.sites; ++s) {
    sites_.push_back({"site" + std::to_string(s), {}});
    const auto check = draw_check(random_, plan_, "c" + std::to_string(s));
    for (std::uint32_t i = 0; i < plan_.per_site; ++i) {
      sites_.back().addresses.push_back(address_of(s, i));
      targets.push_back({check, address_of(s, i), sites_.back().name});
    }
  }
  return targets;
}

void World::set_up_deadlines() {
  for (const auto& deadline : referee_.deadlines()) {
    if (deadline.at >= end_) continue;
    scheduler_.run_at(deadline.at, [this, deadline] { referee_.expect(deadline, engine_.status()); });
  }
  for (const MonotonicTime step : truth_.clock_steps) {
    scheduler_.run_at(step, [this] { clock_.step_wall(std::chrono::seconds(random_.below(7200)) - 1h); });
  }
}

// Somebody who resumes a target now and then, also ones that need no resuming.
void World::operator_comes() {
  const TargetSpec& chosen = targets_[random_.below(static_cast<std::uint32_t>(targets_.size()))];
  referee_.resume(chosen.check->name, chosen.address);
  referee_.resumed(chosen.check->name, chosen.address, engine_.resume(chosen.check->name, chosen.address));
  const auto pause = std::chrono::seconds(1 + random_.below(plan_.reluctant ? 60 : 600));
  scheduler_.run_at(clock_.now() + pause, [this] { operator_comes(); });
}

Summary World::live() {
  referee_.plan(targets_, engine_.apply(targets_));
  set_up_deadlines();
  operator_comes();
  // In pieces, so that a broken promise ends the run where it happened.
  while (clock_.now() < end_ && referee_.complaint().empty()) {
    scheduler_.run_until(std::min(end_, clock_.now() + plan_.length / 100));
  }
  Summary summary = referee_.summary();
  // Virtual time: whatever starts late was forgotten, not slow.
  const EngineStats stats = engine_.stats();
  const auto late =
      std::accumulate(stats.lateness_buckets.begin() + 1, stats.lateness_buckets.end(), std::uint64_t{0});
  if (summary.complaint.empty() && late != 0) summary.complaint = "probes started late";
  if (summary.complaint.empty() && stats.holds_lost != summary.holds_lost) {
    summary.complaint = "the loss of a held connection went unnoticed";
  }
  return summary;
}

}  // namespace

Summary live_through(const Plan& plan, std::uint64_t seed, const Watchers& watchers) {
  return World(plan, seed, watchers).live();
}

Plan month() {
  return {.length = 30 * 24h, .interval = 10s, .sites = 4, .per_site = 3, .weather = {}};
}

Plan stormy_hour() {
  return {.length = 1h,
          .interval = 1s,
          .sites = 4,
          .per_site = 2,
          .weather = {.per_address = 8min,
                      .per_site = 20min,
                      .unplugged = 15min,
                      .starved = 25min,
                      .clock_step = 10min,
                      .forgotten = 5min,
                      .longest = 3min}};
}

Plan two_sites() {
  return {.length = 2h,
          .interval = 1s,
          .sites = 2,
          .per_site = 6,
          .weather = {.per_address = 6min,
                      .per_site = 1h,
                      .unplugged = 40min,
                      .starved = 50min,
                      .clock_step = 30min,
                      .forgotten = 5min,
                      .longest = 5min}};
}

Plan flapping_hour() {
  return {.length = 1h,
          .interval = 1s,
          .sites = 4,
          .per_site = 2,
          .weather = {.per_address = 40s,
                      .per_site = 10min,
                      .unplugged = 30min,
                      .starved = 30min,
                      .clock_step = 10min,
                      .forgotten = 5min,
                      .longest = 30s},
          .reluctant = true};
}

}  // namespace gslbd::health::sim
