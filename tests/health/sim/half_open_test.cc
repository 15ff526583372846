// SPDX-License-Identifier: Apache-2.0
// Held connections in a world where nothing is wrong but the connections: servers tire of them, machines and
// firewalls forget them without a word.

#include <sstream>

#include "tests/health/sim/life.h"
#include "tests/support/catch.h"

using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

// No fault of a target, only of the connections to it.
Plan forgetful_hours() {
  constexpr auto kNever = 24h * 365 * 5;
  Plan plan = stormy_hour();
  plan.length = 3h;
  plan.weather = {.per_address = kNever,
                  .per_site = kNever,
                  .unplugged = kNever,
                  .starved = kNever,
                  .clock_step = kNever,
                  .forgotten = 1min,
                  .longest = 1s};
  return plan;
}

std::size_t lines_with(const std::string& text, const std::string& a, const std::string& b) {
  std::istringstream in(text);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.find(a) != std::string::npos && line.find(b) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace

// That each loss is followed by a burst of probes at once is the referee's rule in every world.
TEST_CASE("a held connection that breaks, or is found half open, never decides anything") {
  std::size_t forgotten = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    std::string transcript;
    const Summary s = live_through(forgetful_hours(), seed, {.transcript = &transcript});
    INFO("seed " << seed);
    CHECK(s.complaint == "");
    CHECK(s.changes == 8);  // all came up, and that was all
    CHECK(lines_with(transcript, "event hold_lost", "") == s.holds_lost);
    forgotten += lines_with(transcript, "event hold_lost", "no answer to keep-alives");
    forgotten += lines_with(transcript, "event hold_lost", "connection reset by the peer");
  }
  CHECK(forgotten > 100);
}
