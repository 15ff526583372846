// SPDX-License-Identifier: Apache-2.0
#include "tests/health/sim/seeds.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>

#include "tests/support/sanitized.h"

namespace gslbd::health::sim {
namespace {

// A day's seeds begin here, far from those that always run and from each other.
constexpr std::uint64_t kSeedsOfADay = 1'000'000;

std::uint64_t today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto days = std::chrono::duration_cast<std::chrono::hours>(now).count() / 24;
  return number_from("GSLBD_SEED_DAY", static_cast<std::uint64_t>(days));
}

}  // namespace

std::uint64_t fewer() {
  return test::kSanitized ? 20 : 1;
}

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

bool one_world_only() {
  return std::getenv("GSLBD_SEED") != nullptr;
}

std::vector<std::uint64_t> seeds(HowMany how_many) {
  if (one_world_only()) return {number_from("GSLBD_SEED", 1)};
  const bool ci = std::getenv("CI") != nullptr && fewer() == 1;
  const std::uint64_t known = ci ? how_many.in_ci / 2 : std::max<std::uint64_t>(1, how_many.here / fewer());
  std::vector<std::uint64_t> out(ci ? 2 * known : known);
  const auto half = out.begin() + static_cast<std::ptrdiff_t>(known);
  std::iota(out.begin(), half, std::uint64_t{1});
  std::iota(half, out.end(), today() * kSeedsOfADay);
  return out;
}

}  // namespace gslbd::health::sim
