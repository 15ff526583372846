// SPDX-License-Identifier: Apache-2.0
// A seed is a world: what was found in one can be looked at again.

#include "tests/health/sim/life.h"
#include "tests/health/sim/seeds.h"
#include "tests/support/catch.h"

using namespace gslbd::health::sim;

namespace {

std::string told_of(Plan plan, std::uint64_t seed) {
  plan.length /= static_cast<int>(fewer());
  std::string transcript;
  live_through(plan, seed, {.transcript = &transcript});
  return transcript;
}

}  // namespace

// Probes, outcomes, events, verdicts: to the nanosecond.
TEST_CASE("a seed lived through twice is the same life, octet for octet, and another seed another one") {
  for (const Plan& plan : {stormy_hour(), two_sites(), flapping_hour()}) {
    const std::string once = told_of(plan, 11);
    CHECK(once.size() > 10'000);
    CHECK((told_of(plan, 11) == once));  // in brackets: megabytes are nothing to print
    CHECK((told_of(plan, 12) != once));
  }
}
