// SPDX-License-Identifier: Apache-2.0
#include "health/hysteresis.h"

#include <vector>

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;

namespace {

// The rules once more, from the whole history instead of a state: slow and obvious.
Verdict reference_verdict(const std::vector<bool>& passes, std::size_t rise, std::size_t fall) {
  Verdict verdict = Verdict::unknown;
  for (std::size_t end = 1; end <= passes.size(); ++end) {
    const auto last_are = [&](std::size_t count, bool value) {
      if (end < count) return false;
      for (std::size_t i = end - count; i < end; ++i) {
        if (passes[i] != value) return false;
      }
      return true;
    };
    if (verdict == Verdict::unknown && passes[end - 1]) verdict = Verdict::up;
    if (verdict != Verdict::down && last_are(fall, false)) verdict = Verdict::down;
    if (verdict == Verdict::down && last_are(rise, true)) verdict = Verdict::up;
  }
  return verdict;
}

Reason reason_of(bool passed) {
  return passed ? Reason::pass : Reason::refused;
}

}  // namespace

TEST_CASE("every sequence of up to ten outcomes gives the verdict that the rules demand") {
  for (std::uint32_t rise = 1; rise <= 4; ++rise) {
    for (std::uint32_t fall = 1; fall <= 4; ++fall) {
      for (std::size_t length = 0; length <= 10; ++length) {
        for (std::uint32_t bits = 0; bits < (1U << length); ++bits) {
          std::vector<bool> passes;
          HysteresisState state;
          Verdict before = Verdict::unknown;
          bool consistent = true;
          for (std::size_t i = 0; i < length; ++i) {
            passes.push_back(((bits >> i) & 1U) != 0);
            const auto step = apply_outcome(state, reason_of(passes.back()), rise, fall);
            consistent = consistent && step.transition.has_value() == (step.state.verdict != before);
            if (step.transition)
              consistent = consistent && *step.transition == Transition{before, step.state.verdict};
            // A change is under way exactly while the latest evidence contradicts the verdict.
            const bool contradicts = passes.back() == (step.state.verdict == Verdict::down);
            consistent = consistent && step.state.pending() == contradicts;
            state = step.state;
            before = state.verdict;
          }
          if (!consistent || state.verdict != reference_verdict(passes, rise, fall)) {
            FAIL("rise " << rise << ", fall " << fall << ", length " << length << ", bits " << bits);
          }
        }
      }
    }
  }
  SUCCEED();
}

TEST_CASE("local trouble is no evidence, wherever it comes in a sequence") {
  for (const Reason trouble : {Reason::resources, Reason::not_permitted, Reason::internal}) {
    for (std::uint32_t bits = 0; bits < (1U << 8); ++bits) {
      HysteresisState with;
      HysteresisState without;
      for (std::size_t i = 0; i < 8; ++i) {
        const Reason reason = reason_of(((bits >> i) & 1U) != 0);
        const auto ignored = apply_outcome(with, trouble, 2, 3);
        REQUIRE_FALSE(ignored.transition.has_value());
        with = apply_outcome(ignored.state, reason, 2, 3).state;
        without = apply_outcome(without, reason, 2, 3).state;
        REQUIRE(with == without);
      }
    }
  }
}

TEST_CASE("a streak stops counting at its maximum instead of starting over") {
  HysteresisState state{Verdict::down, false, std::numeric_limits<std::uint32_t>::max()};
  state = apply_outcome(state, Reason::timeout, 2, 3).state;
  CHECK(state.streak == std::numeric_limits<std::uint32_t>::max());
  CHECK(state.verdict == Verdict::down);
}

TEST_CASE("every reason has its own stable name") {
  CHECK(reason_name(Reason::pass) == "pass");
  CHECK(reason_name(Reason::refused) == "refused");
  CHECK(reason_name(Reason::timeout) == "timeout");
  CHECK(reason_name(Reason::unreachable) == "unreachable");
  CHECK(reason_name(Reason::reset) == "reset");
  CHECK(reason_name(Reason::tls) == "tls");
  CHECK(reason_name(Reason::status) == "status");
  CHECK(reason_name(Reason::body) == "body");
  CHECK(reason_name(Reason::protocol) == "protocol");
  CHECK(reason_name(Reason::resources) == "resources");
  CHECK(reason_name(Reason::not_permitted) == "not_permitted");
  CHECK(reason_name(Reason::internal) == "internal");
}
