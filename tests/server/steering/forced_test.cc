// SPDX-License-Identifier: Apache-2.0
#include "server/steering/forced.h"

#include "tests/server/steering/world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

// Two members in Frankfurt, one in New York, one pool.
Pool three() {
  Pool p = pool("a", {"192.0.2.1", "192.0.2.2", "198.51.100.1"}, {tcp_check("web", 80)});
  p.members[0].site = p.members[1].site = "fra";
  p.members[2].site = "nyc";
  return p;
}

ForcedLookup site(const std::string& name, ForcedState state) {
  ForcedLookup forced;
  forced.member = [=](const std::string&, const Address&, const std::string& s) {
    return s == name ? std::optional(state) : std::nullopt;
  };
  return forced;
}

ForcedLookup everybody(ForcedState state) {
  ForcedLookup forced;
  forced.member = [=](const std::string&, const Address&, const std::string&) {
    return std::optional(state);
  };
  return forced;
}

ForcedLookup web_on(const std::string& address, ForcedState state) {
  ForcedLookup forced;
  forced.target = [=, a = *Address::parse(address)](const std::string& check, const Address& at) {
    return check == "web" && at == a ? std::optional(state) : std::nullopt;
  };
  return forced;
}

Decision v4(const Steering& s) {
  return s.decide(0, Family::v4);
}

}  // namespace

TEST_CASE("a drained site is out of the answers and comes back when it is released") {
  Steering s({three()});
  bind_all(s, Verdict::up);
  CHECK(s.set_forced(site("fra", ForcedState::drain), kNow) == Indexes{0});
  CHECK(v4(s).members == Indexes{2});
  CHECK(v4(s).why == Why::live);
  CHECK(s.member(0, 0).drained);
  CHECK(s.member(0, 0).checked == Verdict::up);
  CHECK(s.set_forced(site("fra", ForcedState::drain), kNow).empty());  // nothing new
  CHECK(s.set_forced({}, kNow) == Indexes{0});
  CHECK(v4(s).members == Indexes{0, 1, 2});
}

TEST_CASE("the drained are not brought back by failing open while anybody else is left, dead or not") {
  for (const auto when : {WhenAllDown::all, WhenAllDown::last}) {
    Pool p = three();
    p.when_all_down = when;
    Steering s({p});
    bind_all(s, Verdict::up);
    s.set_forced(site("fra", ForcedState::drain), kNow);
    change(s, 102, Verdict::down);
    CHECK(v4(s).members == Indexes{2});
    CHECK(v4(s).why == (when == WhenAllDown::all ? Why::failed_open : Why::last_live));
    // Who was live last is drained by now: then those that are not.
    change(s, 100, Verdict::down);
    change(s, 101, Verdict::down);
    s.set_forced(site("nyc", ForcedState::drain), kNow);
    CHECK(v4(s).members == Indexes{0, 1});
    CHECK(v4(s).why == Why::failed_open);
  }
}

TEST_CASE("with everybody drained the drained that live are answered: a name is never empty by accident") {
  Steering s({three()});
  bind_all(s, Verdict::up);
  s.set_forced(everybody(ForcedState::drain), kNow);
  CHECK(v4(s).members == Indexes{0, 1, 2});
  CHECK(v4(s).why == Why::drained);
  CHECK_FALSE(s.compile(0)->v4.all_down);
  change(s, 101, Verdict::down);
  CHECK(v4(s).members == Indexes{0, 2});
  change(s, 100, Verdict::down);
  change(s, 102, Verdict::down);
  CHECK(v4(s).members == Indexes{0, 1, 2});
  CHECK(v4(s).why == Why::failed_open);
}

TEST_CASE("what the operator wants instead of dead members, he gets instead of drained ones too") {
  Pool p = three();
  p.when_all_down = WhenAllDown::pool;
  p.spare = 1;
  Steering s({p, pool("spare", {"203.0.113.1"}, {})});
  bind_all(s, Verdict::up);
  ForcedLookup forced;
  forced.member = [](const std::string& pool, const Address&, const std::string&) {
    return pool == "a" ? std::optional(ForcedState::drain) : std::nullopt;
  };
  s.set_forced(forced, kNow);
  CHECK(v4(s).why == Why::spare);
  CHECK(v4(s).pool == 1);
}

TEST_CASE("up and down go before the checks, which stay visible") {
  Steering s({three()});
  bind_all(s, Verdict::up);
  s.set_forced(site("fra", ForcedState::down), kNow);
  CHECK(v4(s).members == Indexes{2});
  CHECK(s.member(0, 0).counts == Verdict::down);
  CHECK(s.member(0, 0).checked == Verdict::up);
  CHECK(s.member(0, 0).forced == ForcedState::down);
  change(s, 100, Verdict::down);
  s.set_forced(site("fra", ForcedState::up), kNow);
  CHECK(v4(s).members == Indexes{0, 1, 2});
  CHECK(s.member(0, 0).checked == Verdict::down);
  // The checks' verdicts are noted all the while, and count again when nothing is forced.
  s.set_forced({}, kNow);
  CHECK(v4(s).members == Indexes{1, 2});
}

TEST_CASE("what is forced of a target counts in every rule over it; the member's own goes before it") {
  AliveRule both;
  both.kind = AliveRule::Kind::all;
  both.of.resize(2);
  both.of[1].check = 1;
  Pool p = pool("a", {"192.0.2.1", "192.0.2.2"}, {tcp_check("web", 80), tcp_check("api", 81)});
  p.alive = both;
  Steering s({p});
  bind_all(s, Verdict::up);
  s.set_forced(web_on("192.0.2.1", ForcedState::down), kNow);
  CHECK(v4(s).members == Indexes{1});
  CHECK(s.forced(0, 0, 0) == ForcedState::down);
  CHECK_FALSE(s.forced(0, 0, 1).has_value());
  CHECK(s.verdict(0, 0, 0) == Verdict::up);
  s.set_forced(web_on("192.0.2.1", ForcedState::drain), kNow);
  CHECK(v4(s).members == Indexes{1});
  CHECK(s.member(0, 0).drained);
  ForcedLookup over = web_on("192.0.2.1", ForcedState::drain);
  over.member = everybody(ForcedState::up).member;
  s.set_forced(over, kNow);
  CHECK(v4(s).members == Indexes{0, 1});
}

TEST_CASE("a target that two checks share is forced by either name") {
  const auto x = tcp_check("x", 80), web = tcp_check("web", 80);
  Steering s({pool("a", {"192.0.2.1", "192.0.2.2"}, {x}), pool("b", {"192.0.2.1"}, {web})});
  bind_all(s, Verdict::up);
  CHECK(s.set_forced(web_on("192.0.2.1", ForcedState::down), kNow) == Indexes{0, 1});
  CHECK(v4(s).members == Indexes{1});
}

TEST_CASE("what was forced before a reload is so from the first answer after it") {
  Steering s({three()});
  bind_all(s, Verdict::up, site("fra", ForcedState::drain));
  CHECK(v4(s).members == Indexes{2});
}

TEST_CASE("while a verdict is about to change, answers have the shorter TTL, and only they") {
  Pool a = pool("a", {"192.0.2.1", "2001:db8::1"}, {tcp_check("web", 80)});
  a.ttl_pending_s = 2;
  Pool b = pool("b", {"192.0.2.1"}, {tcp_check("web", 80)});
  Steering s({a, b});
  bind_all(s, Verdict::up);
  const auto limit = [&](std::uint32_t p) { return s.compile(p)->v4.ttl_limit_s; };
  CHECK(limit(0) == UINT32_MAX);
  CHECK(change(s, 100, Verdict::up, kNow, true) == Indexes{0});
  CHECK(limit(0) == 2);
  CHECK(s.compile(0)->v4.records[9] == 2);  // the last octet of the TTL
  CHECK(s.compile(0)->v6.ttl_limit_s == UINT32_MAX);
  CHECK(limit(1) == UINT32_MAX);
  CHECK(s.decide(1, Family::v4).pending);
  CHECK(change(s, 100, Verdict::up, kNow, false) == Indexes{0});
  CHECK(limit(0) == UINT32_MAX);
  // A verdict that changes is no longer about to.
  change(s, 100, Verdict::up, kNow, true);
  change(s, 100, Verdict::down, kNow, false);
  CHECK(limit(0) == UINT32_MAX);
}

TEST_CASE("who answers with a spare hangs on the spare's targets too") {
  Pool main = pool("main", {"192.0.2.1"}, {tcp_check("web", 80)});
  main.when_all_down = WhenAllDown::pool;
  main.spare = 1;
  main.ttl_pending_s = 3;
  Steering s({main, pool("spare", {"192.0.2.2"}, {tcp_check("web", 80)})});
  bind_all(s, Verdict::up);
  change(s, 101, Verdict::up, kNow, true);
  CHECK(s.compile(0)->v4.ttl_limit_s == UINT32_MAX);  // its own member answers
  change(s, 100, Verdict::down);
  CHECK(s.compile(0)->v4.ttl_limit_s == 3);
  CHECK(change(s, 101, Verdict::up, kNow, false) == Indexes{1, 0});
  CHECK(s.compile(0)->v4.ttl_limit_s == UINT32_MAX);
}
