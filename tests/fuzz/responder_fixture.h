// SPDX-License-Identifier: Apache-2.0
#pragma once
// A responder with something of every kind to say, and every option switched on: what the fuzzer asks.
//
// Thread: one.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "server/answer/responder.h"
#include "server/query_handler.h"
#include "tests/support/serving.h"

namespace gslbd::fuzz {

/// Names that exist in the fixture's zones, or lie where something happens: below cuts, DNAMEs, wildcards.
std::span<const std::string_view> fixture_names();

struct FixtureOptions {
  bool access_lists = false;
  bool rate_limit = false;  ///< a tight one
  bool cookies = true;
  bool reporting = true;  ///< errors are for a report agent (RFC 9567)
  bool additional = true;
  std::uint16_t udp_payload = 1232;
  std::size_t first_zone = 0;  ///< which of them is the first that the server knows
};

/// What a pool answers after its members' verdicts have changed.
struct PoolState {
  server::Selection selection;
  std::size_t addresses;  ///< so many of its first ones
  bool all_down;
};

class ResponderFixture {
 public:
  explicit ResponderFixture(const FixtureOptions& options);

  /// The response, which the next call overwrites; empty: none.
  std::span<const std::uint8_t> ask(std::span<const std::uint8_t> packet, const server::Asker& asker);
  void advance(Duration by) { clock_.advance(by); }
  void turn_pool(std::size_t index, const PoolState& state);
  /// A new snapshot of the same zones, with the pools as they were first.
  void reload();

  static std::size_t pool_count();
  std::uint16_t udp_payload() const { return options_.udp_payload; }
  server::Responder& responder() { return *responder_; }
  const server::ResponseCounters& counters() const { return responder_->counters(); }
  const server::Serving& serving() const { return *serving_.read(); }

 private:
  FixtureOptions options_;
  ManualClock clock_;
  Published<server::Serving> serving_;
  std::unique_ptr<server::Responder> responder_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(server::kMaxMessageSize);
};

}  // namespace gslbd::fuzz
