// SPDX-License-Identifier: Apache-2.0
#pragma once
// A shooting range: one check on many addresses, whose network does what the test says, for promises about
// time and number.
//
// Thread: one.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health/engine.h"
#include "tests/health/sim/sim_world.h"

namespace gslbd::health::sim {

inline Address address(std::uint32_t i) {
  const std::uint8_t bytes[4] = {192, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
  return Address::from_v4(bytes);
}

struct Range {
  /// Targets have the site of their number modulo `sites`; 0: they have none.
  explicit Range(std::uint64_t seed, Engine::Options options, Check settings, std::uint32_t targets,
                 std::uint32_t sites = 0)
      : scheduler(clock), network(clock, scheduler, seed) {
    settings.name = "c";
    settings.type = sim_check_type();
    check = std::make_shared<const Check>(settings);
    options.seed = seed;
    engine =
        std::make_unique<Engine>(options, clock, scheduler, network,
                                 Engine::Events{.on_change =
                                                    [this](const VerdictChange& c, const TargetStatus&) {
                                                      if (c.from != c.to) changes.push_back({clock.now(), c});
                                                    },
                                                .on_first_round = [this] { first_round = clock.now(); }});
    grow(targets, sites);
  }
  void run_for(Duration d) { scheduler.run_until(clock.now() + d); }
  void all(Behaviour behaviour) {
    for (const TargetSpec& spec : plan) network.behave(spec.address, behaviour);
  }
  /// A reload that brings more targets.
  void grow(std::uint32_t targets, std::uint32_t sites) {
    for (auto i = static_cast<std::uint32_t>(plan.size()); i < targets; ++i) {
      plan.push_back({check, address(i), sites == 0 ? "" : "site" + std::to_string(i % sites)});
    }
    engine->apply(plan);
  }

  ManualClock clock;
  SimScheduler scheduler;
  SimNetwork network;
  std::shared_ptr<const Check> check;
  std::unique_ptr<Engine> engine;
  std::vector<TargetSpec> plan;
  std::vector<std::pair<MonotonicTime, VerdictChange>> changes;
  std::optional<MonotonicTime> first_round;
};

}  // namespace gslbd::health::sim
