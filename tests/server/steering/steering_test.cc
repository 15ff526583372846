// SPDX-License-Identifier: Apache-2.0
#include "server/steering/steering.h"

#include "tests/server/steering/world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

TEST_CASE("a target that several pools use is asked for once, and touches just those pools") {
  const auto web = tcp_check("web", 80);
  Steering s({pool("a", {"192.0.2.1", "192.0.2.2"}, {web}), pool("b", {"192.0.2.2"}, {web}),
              pool("c", {"192.0.2.3"}, {web}), pool("d", {"192.0.2.2"}, {})});
  REQUIRE(s.targets().size() == 3);
  bind_all(s, Verdict::up);
  CHECK(change(s, 101, Verdict::down) == Indexes{0, 1});
  CHECK(change(s, 101, Verdict::down).empty());
  CHECK(s.decide(0, Family::v4).members == Indexes{0});
  CHECK(s.decide(1, Family::v4).why == Why::failed_open);
  CHECK(s.decide(2, Family::v4).why == Why::live);
  CHECK(s.decide(3, Family::v4).why == Why::live);
  CHECK(change(s, 999, Verdict::down).empty());
}

TEST_CASE("the same check under two names is one target") {
  Steering s(
      {pool("a", {"192.0.2.1"}, {tcp_check("x", 80)}), pool("b", {"192.0.2.1"}, {tcp_check("y", 80)})});
  CHECK(s.targets().size() == 1);
}

TEST_CASE("before the first outcome nobody is down") {
  Steering s({pool("a", {"192.0.2.1", "192.0.2.2"}, {tcp_check("web", 80)})});
  bind_all(s, Verdict::unknown);
  CHECK(s.decide(0, Family::v4).members.size() == 2);
  CHECK(s.decide(0, Family::v4).why == Why::live);
}

TEST_CASE("a pool that falls back is compiled again when its spare changes") {
  const auto web = tcp_check("web", 80);
  auto main = pool("main", {"192.0.2.1"}, {web});
  main.when_all_down = WhenAllDown::pool;
  main.spare = 1;
  Steering s({main, pool("spare", {"192.0.2.2", "192.0.2.3"}, {web})});
  bind_all(s, Verdict::up);
  CHECK(change(s, 101, Verdict::down) == Indexes{1, 0});
  CHECK(change(s, 100, Verdict::down) == Indexes{0});
  CHECK(s.decide(0, Family::v4).members == Indexes{1});
  // Its answers are counted under its own name and the spare's site.
  const auto counter = s.compile(0)->v4.counters.at(0);
  CHECK(s.counters()[counter] == std::pair<std::uint32_t, std::string>(0, "site-of-192.0.2.3"));
}

TEST_CASE("who was never up is not remembered as the last that was") {
  const auto web = tcp_check("web", 80);
  auto p = pool("a", {"192.0.2.1", "192.0.2.2"}, {web});
  p.when_all_down = WhenAllDown::last;
  Steering s({p});
  bind_all(s, Verdict::unknown);
  (void)change(s, 100, Verdict::down);
  (void)change(s, 101, Verdict::down);
  CHECK(s.decide(0, Family::v4).why == Why::failed_open);
  CHECK(s.decide(0, Family::v4).members == Indexes{0, 1});

  // A reload that edits the check knows nothing of the members yet: what it inherits stands.
  (void)change(s, 100, Verdict::up);
  Steering next({p});
  bind_all(next, Verdict::unknown);
  next.inherit(s, kNow);
  (void)change(next, 101, Verdict::down);
  (void)change(next, 100, Verdict::down);
  CHECK(next.decide(0, Family::v4).members == Indexes{0});
}

TEST_CASE("the last live set survives a reload that moves its members") {
  const auto web = tcp_check("web", 80);
  auto before = pool("a", {"192.0.2.1", "192.0.2.2"}, {web});
  before.when_all_down = WhenAllDown::last;
  Steering first({before});
  bind_all(first, Verdict::up);
  (void)change(first, 100, Verdict::down);
  (void)change(first, 101, Verdict::down);
  CHECK(first.decide(0, Family::v4).members == Indexes{1});
  auto after = pool("a", {"192.0.2.9", "192.0.2.2", "192.0.2.1"}, {web});
  after.when_all_down = WhenAllDown::last;
  Steering second({pool("other", {"192.0.2.5"}, {web}), after});
  bind_all(second, Verdict::down);
  second.inherit(first, kNow);
  CHECK(second.decide(1, Family::v4).members == Indexes{1});
}
