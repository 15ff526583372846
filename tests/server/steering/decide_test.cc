// SPDX-License-Identifier: Apache-2.0
#include "server/steering/decide.h"

#include "core/random.h"
#include "server/steering/compile.h"
#include "tests/server/steering/world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

using Verdicts = std::vector<Verdict>;
using Members = std::vector<std::uint32_t>;
constexpr Verdict kUp = Verdict::up, kDown = Verdict::down, kUnknown = Verdict::unknown;

AliveRule leaf(std::uint32_t check) {
  AliveRule r;
  r.check = check;
  return r;
}
AliveRule join(AliveRule::Kind kind, std::uint32_t at_least = 0) {
  AliveRule r;
  r.kind = kind;
  r.at_least = at_least;
  r.of = {leaf(0), leaf(1), leaf(2)};
  return r;
}
Verdict eval(const AliveRule& rule, const Verdicts& verdicts) {
  return evaluate(rule, [&](std::uint32_t check) { return verdicts[check]; });
}

Pool pool_of(const std::vector<std::string>& addresses, Steer steer = Steer::all) {
  Pool pool;
  pool.steer = steer;
  for (const auto& a : addresses) {
    Member m;
    m.address = *Address::parse(a);
    pool.members.push_back(m);
  }
  return pool;
}

// One pool, four IPv4 members and one IPv6.
struct One {
  std::vector<Pool> pools{pool_of({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1"})};
  std::vector<PoolState> states{{Verdicts(5, kUp), {}}};
  Decision v4() const { return decide(pools, states, 0, Family::v4); }
  Decision v6() const { return decide(pools, states, 0, Family::v6); }
};

}  // namespace

TEST_CASE("rules join three-valued verdicts: definite only when the unknown cannot matter") {
  // Every combination of three verdicts, against the definition: try both values for each unknown.
  for (const auto& rule :
       {join(AliveRule::Kind::all), join(AliveRule::Kind::any), join(AliveRule::Kind::at_least, 2)}) {
    const std::uint32_t needed = rule.kind == AliveRule::Kind::all   ? 3
                                 : rule.kind == AliveRule::Kind::any ? 1
                                                                     : 2;
    for (int code = 0; code < 27; ++code) {
      const Verdicts v{static_cast<Verdict>(code % 3), static_cast<Verdict>(code / 3 % 3),
                       static_cast<Verdict>(code / 9)};
      bool can_hold = false, can_fail = false;
      for (int guess = 0; guess < 8; ++guess) {
        std::uint32_t up = 0;
        for (int i = 0; i < 3; ++i) {
          const Verdict each = v[static_cast<std::size_t>(i)];
          up += each == kUp || (each == kUnknown && (guess >> i & 1) != 0) ? 1 : 0;
        }
        (up >= needed ? can_hold : can_fail) = true;
      }
      const Verdict want = can_hold && can_fail ? kUnknown : can_hold ? kUp : kDown;
      INFO(code);
      CHECK(eval(rule, v) == want);
    }
  }
}

TEST_CASE("down only when ping and web both fail is any of the two") {
  AliveRule rule = join(AliveRule::Kind::any);
  rule.of.resize(2);
  CHECK(eval(rule, {kDown, kUp, kDown}) == kUp);
  CHECK(eval(rule, {kDown, kDown, kUp}) == kDown);
}

TEST_CASE("not turns up and down around, and leaves the unknown") {
  AliveRule rule = join(AliveRule::Kind::negated);
  rule.of.resize(1);
  CHECK(eval(rule, {kUp}) == kDown);
  CHECK(eval(rule, {kDown}) == kUp);
  CHECK(eval(rule, {kUnknown}) == kUnknown);
}

TEST_CASE("the dead are left out, the unknown stay, the families do not mix") {
  One one;
  one.states[0].members = {kUp, kDown, kUnknown, kUp, kDown};
  CHECK(one.v4().members == Members{0, 2, 3});
  CHECK(one.v4().why == Why::live);
  CHECK(one.v6().why == Why::failed_open);
  CHECK(one.v6().members == Members{4});
}

TEST_CASE("a pool without members of a family has no data for it") {
  One one;
  one.pools[0].members.pop_back();
  CHECK(one.v6().why == Why::no_members);
  CHECK(one.v6().members.empty());
}

TEST_CASE("failover answers the lowest tier that has a live member") {
  One one;
  one.pools[0].steer = Steer::failover;
  one.pools[0].members[2].tier = 2;
  one.pools[0].members[3].tier = 3;
  CHECK(one.v4().members == Members{0, 1});
  one.states[0].members = {kDown, kUp, kUp, kUp, kUp};
  CHECK(one.v4().members == Members{1});
  one.states[0].members = {kDown, kDown, kUp, kUp, kUp};
  CHECK(one.v4().members == Members{2});
  one.states[0].members = {kDown, kDown, kDown, kUp, kUp};
  CHECK(one.v4().members == Members{3});
  one.states[0].members = Verdicts(5, kDown);
  CHECK(one.v4().members == Members{0, 1});  // failed open, and still by tier
}

TEST_CASE("when all are down, the pool does what it was told") {
  One one;
  one.states[0].members = Verdicts(5, kDown);
  one.states[0].last_live[0] = {2};
  CHECK(one.v4().members == Members{0, 1, 2, 3});
  one.pools[0].when_all_down = WhenAllDown::last;
  CHECK(one.v4().members == Members{2});
  CHECK(one.v4().why == Why::last_live);
  CHECK(one.v6().why == Why::failed_open);  // none was ever live: all
  one.pools[0].when_all_down = WhenAllDown::nodata;
  CHECK(one.v4().members.empty());
  CHECK_FALSE(one.v4().servfail);
  one.pools[0].when_all_down = WhenAllDown::servfail;
  CHECK(one.v4().servfail);
}

TEST_CASE("a spare answers with its own rules, and never leaves a name empty by accident") {
  One one;
  one.pools.push_back(pool_of({"203.0.113.1", "203.0.113.2"}));
  one.states.push_back({{kUp, kDown}, {}});
  one.pools[0].when_all_down = WhenAllDown::pool;
  one.pools[0].spare = 1;
  CHECK(one.v4().why == Why::live);
  one.states[0].members = Verdicts(5, kDown);
  CHECK(one.v4().why == Why::spare);
  CHECK(one.v4().pool == 1);
  CHECK(one.v4().members == Members{0});
  CHECK(one.v6().why == Why::failed_open);  // the spare has no IPv6
  CHECK(one.v6().members == Members{4});
  one.pools[1].when_all_down = WhenAllDown::nodata;
  one.states[1].members = {kDown, kDown};
  CHECK(one.v4().why == Why::nodata);
}

TEST_CASE("what is compiled is what was decided, for random pools") {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Pool> pools;
    std::vector<PoolState> states;
    for (int p = 0; p < 2; ++p) {
      Pool pool;
      pool.steer = static_cast<Steer>(random.below(3));
      pool.when_all_down = static_cast<WhenAllDown>(random.below(5));
      if (p == 1 && pool.when_all_down == WhenAllDown::pool) pool.when_all_down = WhenAllDown::last;
      pool.spare = 1;
      PoolState state;
      for (std::uint32_t n = random.below(6); n > 0; --n) {
        Member m;
        m.address = *Address::parse((random.below(2) == 0 ? "192.0.2." : "2001:db8::") + std::to_string(n));
        m.tier = 1 + random.below(3);
        m.weight = 1 + random.below(1000);
        pool.members.push_back(m);
        state.members.push_back(static_cast<Verdict>(random.below(3)));
        state.drained.push_back(random.below(3) == 0);
        state.shares.push_back(random.below(2) == 0 ? 1.0 : random.unit() + 0.001);
      }
      pools.push_back(pool);
      states.push_back(state);
    }
    for (const Family family : {Family::v4, Family::v6}) {
      const Decision decision = decide(pools, states, 0, family);
      const AddressAnswers compiled =
          compile(decision, pools, pools[0], [](const std::string&) { return 0U; });
      std::vector<Address> want, got;
      for (const auto m : decision.members) want.push_back(pools[decision.pool].members[m].address);
      for (std::uint32_t i = 0; i < compiled.count; ++i) {
        const auto record = std::span(compiled.records).subspan(i * compiled.rr_size + 12);
        got.push_back(family == Family::v4 ? Address::from_v4(record.first<4>())
                                           : Address::from_v6(record.first<16>()));
      }
      REQUIRE(got == want);
      for (const auto& a : got) REQUIRE(a.family() == family);
      const bool empty = decision.members.empty();
      REQUIRE((compiled.selection == Selection::nodata || compiled.selection == Selection::servfail) ==
              empty);
      REQUIRE((compiled.selection == Selection::weighted) == (!empty && decision.steer == Steer::weighted));
      if (compiled.selection != Selection::weighted) continue;
      // Slow start: the client may be given exactly those that the decision opens to its part.
      const SipHashKey key{random.next(), random.next()};
      const Address client = *Address::parse(std::to_string(random.below(224)) + ".0.2.1");
      const double part = client_share(key, client) * 0x1.0p-32 * kShareSteps;
      const auto chances = distribution(table_for(compiled, key, client));
      for (std::size_t i = 0; i < chances.size(); ++i) {
        const bool open =
            decision.shares.empty() || decision.shares[i] == kShareSteps || part < decision.shares[i];
        REQUIRE((chances[i] > 0) == open);
      }
    }
  }
}

TEST_CASE("an alias table draws exactly by weight") {
  const std::vector<std::vector<std::uint32_t>> cases{{1},        {1, 1},       {1, 2, 3},
                                                      {65535, 1}, {0, 3, 0, 1}, {100, 100, 50, 1, 1000, 7}};
  for (const auto& weights : cases) {
    const auto cells = alias_table(weights);
    const std::vector<double> share = distribution(cells);
    double total = 0;
    for (const auto w : weights) total += w;
    for (std::size_t i = 0; i < weights.size(); ++i)
      CHECK(share[i] == Approx(weights[i] / total).margin(1e-8));
  }
}
