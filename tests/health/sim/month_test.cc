// SPDX-License-Identifier: Apache-2.0
// Simulated lives among everything that goes wrong, watched by a referee who knows the truth. A failing seed
// is named and replays exactly: GSLBD_SEED=<seed>. GSLBD_SIM_SECONDS=<n> goes on with new seeds for that long
// (./dev soak health). Which seeds there are is told in seeds.h.

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "tests/health/sim/life.h"
#include "tests/health/sim/seeds.h"
#include "tests/support/catch.h"

using namespace gslbd::health::sim;

namespace {

// With GSLBD_TRANSCRIPT=<file> all that happened goes there.
Summary live_and_tell(const Plan& plan, std::uint64_t seed) {
  const char* file = std::getenv("GSLBD_TRANSCRIPT");
  if (file == nullptr) return live_through(plan, seed);
  std::string transcript;
  const Summary summary = live_through(plan, seed, {.transcript = &transcript});
  std::ofstream(file, std::ios::app) << transcript << summary.complaint << '\n';
  return summary;
}

// Sums of all; the first promise that is broken ends the test.
Summary live_through_all(const Plan& plan, HowMany how_many) {
  Summary all;
  for (const std::uint64_t seed : seeds(how_many)) {
    const Summary s = live_and_tell(plan, seed);
    if (!s.complaint.empty()) FAIL(s.complaint << "; replay with GSLBD_SEED=" << seed);
    all += s;
  }
  return all;
}

}  // namespace

TEST_CASE("a month of faults: nothing promised is broken") {
  Plan plan = month();
  plan.length /= static_cast<int>(fewer());
  const Summary s = live_through_all(plan, {1, 2});
  if (fewer() > 1 || one_world_only()) return;
  // The month was not a quiet one.
  CHECK(s.probes > 1'000'000);
  CHECK(s.changes > 500);
  CHECK(s.isolations > 2);
  CHECK(s.expectations > 500);
  CHECK(s.holds_lost > 1000);
}

TEST_CASE("stormy hours: in every seed the engine keeps its promises") {
  const HowMany how_many{160, 2000};
  const Summary all = live_through_all(stormy_hour(), how_many);
  if (one_world_only()) return;
  const std::size_t count = seeds(how_many).size();
  CHECK(all.isolations > count / 2);
  CHECK(all.expectations > count * 10);
  CHECK(all.holds_lost > count * 10);
}

TEST_CASE("two sites that can only vouch for each other") {
  const HowMany how_many{40, 400};
  const Summary all = live_through_all(two_sites(), how_many);
  if (!one_world_only()) CHECK(all.expectations > seeds(how_many).size() * 10);
}

TEST_CASE("what dies all the time stays down for as long as it must, and no longer") {
  const HowMany how_many{60, 600};
  const Summary all = live_through_all(flapping_hour(), how_many);
  if (one_world_only()) return;
  const std::size_t count = seeds(how_many).size();
  CHECK(all.held_back > count * 10);
  CHECK(all.at_the_ceiling > count / 4);
}

TEST_CASE("soak: months and storms for as long as was asked", "[soak]") {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::seconds(number_from("GSLBD_SIM_SECONDS", 0));
  const std::array plans{stormy_hour(), two_sites(), flapping_hour()};
  std::size_t worlds = 0;
  Summary all;
  for (std::uint64_t seed = number_from("GSLBD_SEED", 1000); Clock::now() < deadline; ++seed) {
    const Summary s = live_through(seed % 50 == 0 ? month() : plans[seed % plans.size()], seed);
    if (!s.complaint.empty()) FAIL(s.complaint << "; replay with GSLBD_SEED=" << seed);
    ++worlds;
    all += s;
  }
  if (worlds == 0) return;
  WARN(worlds << " worlds, no promise broken: " << all.probes << " probes, " << all.changes << " verdicts, "
              << all.expectations << " times known what it must be (" << all.held_back << " held back), "
              << all.isolations << " isolations, " << all.holds_lost << " held connections lost");
}
