// SPDX-License-Identifier: Apache-2.0
#pragma once
// One real probe, start to outcome, on a loop of its own.
//
// Thread: the test's.

#include <optional>
#include <string>

#include "health/check.h"
#include "health/dispatch_transport.h"
#include "health/heartbeats.h"
#include "health/uv_loop.h"
#include "tests/support/catch.h"

namespace gslbd::test {
using namespace gslbd::health;

/// A check from JSON; the test fails when it has mistakes.
inline Check make_check(const std::string& text, const std::string& name = "c") {
  static const std::string file = "test.json";
  Diagnostics diagnostics;
  const auto document = parse_json(text, file, diagnostics);
  std::optional<Check> check;
  if (document) check = read_check(JsonView(*document, file, diagnostics), name);
  for (const auto& d : diagnostics.all()) UNSCOPED_INFO(d.to_string());
  REQUIRE(check.has_value());
  return *check;
}

class OneProbe final : private ProbeListener {
 public:
  /// nullopt when there was no outcome within `patience`; the probe is then cancelled.
  std::optional<Outcome> run(const Check& check, const Address& address,
                             Duration patience = std::chrono::seconds(30)) {
    DispatchTransport transport({loop_, heartbeats_});
    transport.start(1, check, address, *this);
    if (!outcome_) {
      loop_.run_at(std::chrono::steady_clock::now() + patience, [&] {
        transport.cancel(1, check);
        loop_.stop();
      });
      loop_.run();
    }
    return outcome_;
  }

 private:
  void probe_ended(ProbeId, Outcome outcome) override {
    CHECK_FALSE(outcome_.has_value());
    outcome_ = std::move(outcome);
    loop_.stop();
  }

  UvLoop loop_;
  Heartbeats heartbeats_;
  std::optional<Outcome> outcome_;
};

inline Outcome probe(const Check& check, const std::string& address = "127.0.0.1") {
  const auto outcome = OneProbe().run(check, *Address::parse(address));
  REQUIRE(outcome.has_value());
  return *outcome;
}

}  // namespace gslbd::test
