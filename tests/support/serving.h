// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Serving made of zone files written as text and pools written as lists of addresses, for everything that
// drives a responder without the program around it. Knows no test framework: a mistake in a text is an
// exception that says what is wrong.
//
// Thread: pure functions.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/answer/serving.h"

namespace gslbd::test {

/// A pool as it stands: the members that are answered, in order.
struct TestPool {
  std::string name;
  std::vector<std::string> addresses;
  server::Selection selection = server::Selection::rotated;
  std::vector<std::uint32_t> weights = {};
  std::uint32_t ttl_s = 20;
  /// Slow start, of weighted ones: how many of kShareSteps parts of the clients each address is given to.
  std::vector<std::uint32_t> shares = {};
  bool all_down = false;  ///< no member lives, and `selection` is what the pool answers then
  std::optional<std::uint32_t> pending_ttl_s = {};  ///< a verdict is about to change
};

/// Address number n of a pool is at site n modulo this; so is its answer counter.
inline constexpr std::size_t kTestSites = 4;

/// What a pool answers, compiled.
std::unique_ptr<const server::AnswerSet> compile_pool(const TestPool& pool);

/// Zone files as JSON, compiled. Throws std::runtime_error.
std::vector<server::ServedZone> load_zones(const std::vector<std::string>& texts,
                                           const std::vector<TestPool>& pools);

/// All of it, for one worker. Without a policy: the default.
std::unique_ptr<const server::Serving> make_serving(
    std::vector<server::ServedZone> zones, const std::vector<TestPool>& pools,
    std::shared_ptr<const server::AnswerPolicy> policy = nullptr);

}  // namespace gslbd::test
