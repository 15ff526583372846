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

namespace gslbd::fuzz {

/// Names that exist in the fixture's zones, or lie where something happens: below cuts, DNAMEs, wildcards.
std::span<const std::string_view> fixture_names();

class ResponderFixture {
 public:
  /// `guarded`: with access lists and a tight rate limit.
  explicit ResponderFixture(bool guarded);

  /// The response, which the next call overwrites; empty: none.
  std::span<const std::uint8_t> ask(std::span<const std::uint8_t> packet, const server::Asker& asker);
  void advance(Duration by) { clock_.advance(by); }
  std::uint16_t udp_payload() const { return serving_.read()->policy().udp_payload; }

 private:
  ManualClock clock_;
  Published<server::Serving> serving_;
  std::unique_ptr<server::Responder> responder_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(server::kMaxMessageSize);
};

}  // namespace gslbd::fuzz
