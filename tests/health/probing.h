// SPDX-License-Identifier: Apache-2.0
#pragma once
// One real probe, start to outcome, on a loop of its own.
//
// Thread: the test's.

#include <functional>
#include <map>
#include <optional>
#include <regex>
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
  /// What the transport says of a probe whose time would be up, once it says `wanted` in it.
  Outcome overdue(const Check& check, const Address& address, const std::string& wanted) {
    DispatchTransport transport({loop_, heartbeats_});
    Outcome said;
    int turns = 20'000;
    std::function<bool()> look = [&] {
      said = transport.overdue(1, check).value_or(Outcome{});
      return outcome_ || said.detail.find(wanted) != std::string::npos || --turns == 0;
    };
    std::function<void()> look_again = [&] {
      if (look()) return loop_.stop();
      loop_.run_at(std::chrono::steady_clock::now() + std::chrono::milliseconds(1), look_again);
    };
    transport.start(1, check, address, *this);
    if (!look()) {
      look_again();
      loop_.run();
    }
    transport.cancel(1, check);
    CHECK_FALSE(outcome_.has_value());
    return said;
  }

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

/// The detail of a timeout, with every time of its own as "T": once it says `wanted`.
inline std::string overdue(const Check& check, const std::string& wanted,
                           const std::string& address = "127.0.0.1") {
  const Outcome outcome = OneProbe().overdue(check, *Address::parse(address), wanted);
  CHECK(outcome.reason == Reason::timeout);
  return std::regex_replace(outcome.detail, std::regex("after [0-9.]+ m?s"), "after T");
}

/// Several probes through one transport, as the engine has it.
class Prober final : private ProbeListener {
 public:
  void start(ProbeId id, const Check& check) {
    transport_.start(id, check, *Address::parse("127.0.0.1"), *this);
  }
  void cancel(ProbeId id, const Check& check) { transport_.cancel(id, check); }
  std::optional<Outcome> overdue(ProbeId id, const Check& check) { return transport_.overdue(id, check); }
  /// Runs until the probe has ended.
  Outcome outcome_of(ProbeId id) {
    awaited_ = id;
    if (!ended(id)) {
      const TimerId patience =
          loop_.run_at(std::chrono::steady_clock::now() + std::chrono::seconds(30), [this] { loop_.stop(); });
      loop_.run();
      loop_.cancel(patience);
    }
    REQUIRE(ended(id));
    return outcomes_.at(id);
  }
  bool ended(ProbeId id) const { return outcomes_.contains(id); }
  UvLoop& loop() { return loop_; }

 private:
  void probe_ended(ProbeId id, Outcome outcome) override {
    CHECK(outcomes_.emplace(id, std::move(outcome)).second);
    if (id == awaited_) loop_.stop();
  }

  UvLoop loop_;
  Heartbeats heartbeats_;
  DispatchTransport transport_{{loop_, heartbeats_}};
  std::map<ProbeId, Outcome> outcomes_;
  ProbeId awaited_ = 0;
};

inline Outcome probe(const Check& check, const std::string& address = "127.0.0.1") {
  const auto outcome = OneProbe().run(check, *Address::parse(address));
  REQUIRE(outcome.has_value());
  return *outcome;
}

}  // namespace gslbd::test
