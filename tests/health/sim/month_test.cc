// SPDX-License-Identifier: Apache-2.0
// A simulated month of everything that goes wrong, watched by a referee who knows the truth. A failing seed
// is named and replays exactly: GSLBD_SEED=<seed>. GSLBD_SIM_SECONDS=<n> goes on with new seeds for that long
// (./dev soak health).

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "health/engine.h"
#include "tests/health/sim/truth_network.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

Address address(std::uint32_t site, std::uint32_t i) {
  const std::uint8_t bytes[4] = {198, 51, static_cast<std::uint8_t>(site), static_cast<std::uint8_t>(i + 1)};
  return Address::from_v4(bytes);
}

std::shared_ptr<const Check> draw_check(Random& random, Duration interval, const std::string& name) {
  auto check = std::make_shared<Check>();
  check->name = name;
  check->type = sim_check_type();
  check->options = std::make_shared<CheckOptions>();
  check->interval =
      interval / 2 + std::chrono::milliseconds(random.below(static_cast<std::uint32_t>(interval / 1ms)));
  check->timeout = std::min<Duration>(check->interval, std::chrono::milliseconds(200 + random.below(1500)));
  check->confirm_interval =
      std::min<Duration>(check->interval, std::chrono::milliseconds(50 + random.below(500)));
  check->rise = 1 + random.below(3);
  check->fall = 2 + random.below(3);
  check->jitter = 0.1 * random.below(4);
  check->max_age = 5 * check->interval + check->timeout;
  check->hold = random.below(2) == 0;
  if (random.below(3) == 0) check->damping.emplace();
  if (random.below(4) == 0) {
    check->failback = Failback::delayed;
    check->failback_delay = std::chrono::seconds(1 + random.below(120));
  }
  return check;
}

struct Plan {
  Duration length;
  Duration interval;  ///< about
  std::uint32_t sites;
  std::uint32_t per_site;
  Weather weather;
};

struct Summary {
  std::string complaint;
  std::size_t probes = 0;
  std::size_t changes = 0;
  std::size_t isolations = 0;
  std::size_t expectations = 0;
};

Summary live_through(const Plan& plan, std::uint64_t seed) {
  Random random(seed);
  ManualClock clock;
  SimScheduler scheduler(clock);
  std::vector<Site> sites;
  std::vector<TargetSpec> targets;
  for (std::uint32_t s = 0; s < plan.sites; ++s) {
    sites.push_back({"site" + std::to_string(s), {}});
    const auto check = draw_check(random, plan.interval, "c" + std::to_string(s));
    for (std::uint32_t i = 0; i < plan.per_site; ++i) {
      sites.back().addresses.push_back(address(s, i));
      targets.push_back({check, address(s, i), sites.back().name});
    }
  }
  const MonotonicTime end = clock.now() + plan.length;
  const Truth truth = draw(sites, plan.weather, clock.now() + 30s, end, seed + 1);
  Referee referee(truth, clock);
  TruthNetwork network(truth, clock, scheduler, referee, seed + 2);
  Engine engine({.seed = seed}, clock, scheduler, network,
                {.on_change = [&](const VerdictChange& c, const TargetStatus& s) { referee.on_change(c, s); },
                 .on_first_round = [] {},
                 .on_event = [&](const Event& e) { referee.on_event(e); }},
                &network);
  referee.plan(targets, engine.apply(targets));
  for (const auto& deadline : referee.deadlines()) {
    if (deadline.at >= end) continue;
    scheduler.run_at(deadline.at, [&, deadline] { referee.expect(deadline, engine.status()); });
  }
  for (const MonotonicTime step : truth.clock_steps) {
    scheduler.run_at(step, [&] { clock.step_wall(std::chrono::seconds(random.below(7200)) - 1h); });
  }
  // In pieces, so that a broken promise ends the run where it happened.
  while (clock.now() < end && referee.complaint().empty()) {
    scheduler.run_until(std::min(end, clock.now() + plan.length / 100));
  }
  Summary summary{referee.complaint(), referee.probes(), referee.changes(), referee.isolations(),
                  referee.expectations()};
  // Virtual time: whatever starts late was forgotten, not slow.
  const EngineStats stats = engine.stats();
  const auto late =
      std::accumulate(stats.lateness_buckets.begin() + 1, stats.lateness_buckets.end(), std::uint64_t{0});
  if (summary.complaint.empty() && late != 0) summary.complaint = "probes started late";
  return summary;
}

std::uint64_t number(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

// Sanitizers make it many times slower: there the same worlds, but fewer of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kFewer = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kFewer = 20;
#else
constexpr std::uint64_t kFewer = 1;
#endif
#else
constexpr std::uint64_t kFewer = 1;
#endif

const Plan kMonth{30 * 24h, 10s, 4, 3, {}};
// Two sites with many members: they can only vouch for each other.
const Plan kTwoSites{2h, 1s, 2, 6, {6min, 1h, 40min, 50min, 30min, 5min}};
const Plan kStormyHour{1h, 1s, 4, 2, {8min, 20min, 15min, 25min, 10min, 3min}};

}  // namespace

TEST_CASE("a month of faults: nothing promised is broken") {
  const std::uint64_t first = number("GSLBD_SEED", 1);
  Plan plan = kMonth;
  plan.length /= kFewer;
  const Summary s = live_through(plan, first);
  INFO("replay with GSLBD_SEED=" << first);
  CHECK(s.complaint == "");
  if (kFewer > 1) return;
  // The month was not a quiet one.
  CHECK(s.probes > 1'000'000);
  CHECK(s.changes > 500);
  CHECK(s.isolations > 2);
  CHECK(s.expectations > 500);
}

TEST_CASE("stormy hours: in every seed the engine keeps its promises") {
  const std::uint64_t first = number("GSLBD_SEED", 1);
  const std::uint64_t count = std::getenv("GSLBD_SEED") != nullptr ? 1 : 200 / kFewer;
  Summary all;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Summary s = live_through(kStormyHour, seed);
    if (!s.complaint.empty()) FAIL(s.complaint << "; replay with GSLBD_SEED=" << seed);
    all.isolations += s.isolations;
    all.expectations += s.expectations;
  }
  if (count > 1) {
    CHECK(all.isolations > count / 2);
    CHECK(all.expectations > count * 10);
  }
}

TEST_CASE("two sites that can only vouch for each other") {
  const std::uint64_t first = number("GSLBD_SEED", 1);
  const std::uint64_t count = std::getenv("GSLBD_SEED") != nullptr ? 1 : 40 / kFewer;
  std::size_t expectations = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Summary s = live_through(kTwoSites, seed);
    if (!s.complaint.empty()) FAIL(s.complaint << "; replay with GSLBD_SEED=" << seed);
    expectations += s.expectations;
  }
  if (count > 1) CHECK(expectations > count * 10);
}

TEST_CASE("soak: months and storms for as long as was asked", "[soak]") {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(number("GSLBD_SIM_SECONDS", 0));
  std::size_t worlds = 0, probes = 0;
  for (std::uint64_t seed = number("GSLBD_SEED", 1000); std::chrono::steady_clock::now() < deadline; ++seed) {
    const Summary s = live_through(seed % 50 == 0 ? kMonth : seed % 2 == 0 ? kTwoSites : kStormyHour, seed);
    if (!s.complaint.empty()) FAIL(s.complaint << "; replay with GSLBD_SEED=" << seed);
    ++worlds;
    probes += s.probes;
  }
  if (worlds != 0) WARN(worlds << " worlds, " << probes << " probes, no promise broken");
  SUCCEED();
}
