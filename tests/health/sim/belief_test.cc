// SPDX-License-Identifier: Apache-2.0
#include "health/belief.h"

#include "core/random.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace std::chrono_literals;

namespace {

/// One target, told outcome after outcome.
struct Told {
  Check check;
  Belief belief;
  MonotonicTime now{1h};

  Told() {
    check.rise = 2;
    check.fall = 2;
  }
  std::optional<Transition> tell(Reason reason, Duration later = 1s, bool credible = true) {
    now += later;
    belief = with_outcome(belief, reason, check, now);
    const Settled settled = settle(belief, check, now, credible);
    belief = settled.belief;
    return settled.transition;
  }
  void die() {
    while (belief.verdict != Verdict::down) tell(Reason::refused);
  }
  void pass(int times) {
    for (int i = 0; i < times; ++i) tell(Reason::pass);
  }
};

}  // namespace

TEST_CASE("without anything that holds it back the verdict is the evidence") {
  Told t;
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    t.tell(random.below(2) == 0 ? Reason::pass : Reason::timeout);
    REQUIRE(t.belief.verdict == t.belief.evidence.verdict);
    REQUIRE(held_back(t.belief, t.check, t.now) == HeldBack::no);
  }
}

TEST_CASE("a death that is not credible is doubted, and one sign of life ends the doubt") {
  Told t;
  t.pass(2);
  CHECK_FALSE(t.tell(Reason::timeout, 1s, false));
  CHECK_FALSE(t.tell(Reason::timeout, 1s, false));
  CHECK(t.belief.verdict == Verdict::up);
  CHECK(t.belief.doubted());
  CHECK(t.belief.pending());
  CHECK_FALSE(t.tell(Reason::pass));
  CHECK_FALSE(t.belief.doubted());
  CHECK_FALSE(t.belief.pending());
  t.tell(Reason::timeout, 1s, false);
  t.tell(Reason::timeout, 1s, false);
  CHECK(settle(t.belief, t.check, t.now, true).transition == Transition{Verdict::up, Verdict::down});
}

TEST_CASE("evidence that was gathered while cut off is void") {
  Told t;
  t.pass(2);
  t.tell(Reason::timeout, 1s, false);
  t.tell(Reason::timeout, 1s, false);
  t.belief = without_evidence(t.belief);
  CHECK_FALSE(t.belief.doubted());
  CHECK_FALSE(t.tell(Reason::timeout));
  CHECK(t.tell(Reason::timeout) == Transition{Verdict::up, Verdict::down});
}

TEST_CASE("manual failback waits for an operator") {
  Told t;
  t.check.failback = Failback::manual;
  t.pass(1);
  t.die();
  t.pass(100);
  CHECK(t.belief.verdict == Verdict::down);
  CHECK(held_back(t.belief, t.check, t.now) == HeldBack::resume);
  CHECK_FALSE(held_back_for(t.belief, t.check, t.now));
  t.belief.awaits_resume = false;
  CHECK(t.tell(Reason::pass) == Transition{Verdict::down, Verdict::up});
}

TEST_CASE("delayed failback wants it to be well all the while") {
  Told t;
  t.check.failback = Failback::delayed;
  t.check.failback_delay = 10s;
  t.pass(1);
  t.die();
  t.pass(2);  // well from the second on
  CHECK(held_back(t.belief, t.check, t.now) == HeldBack::delay);
  CHECK(held_back_for(t.belief, t.check, t.now) == 10s);
  t.pass(5);
  CHECK(held_back_for(t.belief, t.check, t.now) == 5s);
  t.tell(Reason::refused);  // starts anew
  t.pass(2);
  CHECK(held_back_for(t.belief, t.check, t.now) == 10s);
  t.pass(9);
  CHECK(t.belief.verdict == Verdict::down);
  CHECK(t.tell(Reason::pass) == Transition{Verdict::down, Verdict::up});
}

TEST_CASE("what dies too often is held down, longer each time, and never longer than the ceiling") {
  Told t;
  t.check.damping = DampingRules{.half_life = 60s, .suppress = 2.5, .reuse = 1.0, .max_hold = 3min};
  t.pass(1);
  for (int deaths = 1; deaths <= 2; ++deaths) {  // the first two come back at once
    t.die();
    t.pass(2);
    CHECK(t.belief.verdict == Verdict::up);
  }
  t.die();  // the third, in a row
  t.pass(2);
  CHECK(t.belief.verdict == Verdict::down);
  CHECK(held_back(t.belief, t.check, t.now) == HeldBack::damping);
  const Duration first = *held_back_for(t.belief, t.check, t.now);
  CHECK(first > 60s);
  Duration waited{0};
  while (t.belief.verdict == Verdict::down) {
    t.tell(Reason::pass);
    waited += 1s;
  }
  CHECK(waited >= first);
  CHECK(waited <= first + 2s);
  t.die();  // the penalty had decayed to 1: the memory is not erased
  t.pass(2);
  CHECK(t.belief.verdict == Verdict::up);
  for (int i = 0; i < 50; ++i) {  // whatever it does: the ceiling holds
    t.belief.penalty = after_death(t.belief.penalty, *t.check.damping, t.now);
    REQUIRE(t.belief.penalty.remaining(*t.check.damping, t.now) <= 3min + 1s);
  }
}
