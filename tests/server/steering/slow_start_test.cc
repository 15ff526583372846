// SPDX-License-Identifier: Apache-2.0
#include "server/steering/slow_start.h"

#include <cmath>
#include <numeric>

#include "server/steering/compile.h"
#include "server/steering/steering.h"
#include "tests/server/steering/world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

// Who a client may be given, by the place of the member in the pool: its chance.
std::map<Address, double> chances(const AddressAnswers& a, const SipHashKey& key, const Address& client) {
  const auto share = distribution(table_for(a, key, client));
  std::map<Address, double> out;
  for (std::uint32_t i = 0; i < a.count; ++i) {
    const auto record = std::span(a.records).subspan(i * a.rr_size + 12);
    out[Address::from_v4(record.first<4>())] = share[i];
  }
  return out;
}

Pool weighted(std::size_t members, Duration slow_start = 1min) {
  std::vector<std::string> addresses;
  for (std::size_t i = 1; i <= members; ++i) addresses.push_back("192.0.2." + std::to_string(i));
  Pool p = pool("a", addresses, {tcp_check("web", 80)});
  p.steer = Steer::weighted;
  p.slow_start = slow_start;
  return p;
}

constexpr SipHashKey kKey{1, 2};

Address client(std::uint32_t i) {
  return *Address::parse("10." + std::to_string(i >> 8 & 0xff) + "." + std::to_string(i & 0xff) + ".7");
}

// The share of 1024 networks that may be given the member.
double reach(const Steering& s, const Address& member) {
  const auto set = s.compile(0);
  int reached = 0;
  for (std::uint32_t i = 0; i < 1024; ++i) {
    const auto c = chances(set->v4, set->client_key, client(i));
    const auto found = c.find(member);
    reached += found != c.end() && found->second > 0 ? 1 : 0;
  }
  return reached / 1024.0;
}

}  // namespace

TEST_CASE("a recovered member's part of the clients grows to all of them, and then the ramp is over") {
  Steering s({weighted(2)}, kKey);
  bind_all(s, Verdict::up);
  CHECK_FALSE(s.next_step().has_value());
  const Address back = *Address::parse("192.0.2.2");
  change(s, 101, Verdict::down);
  CHECK_FALSE(s.next_step().has_value());
  MonotonicTime now = kNow;
  CHECK(change(s, 101, Verdict::up, now) == Indexes{0});
  CHECK(reach(s, back) == Approx(1.0 / 64).margin(0.015));
  CHECK(s.member(0, 1).share == Approx(1.0 / 64));
  for (int steps = 0; s.next_step(); ++steps) {
    REQUIRE(steps < 70);
    CHECK(s.advance(*s.next_step() - 1ns).empty());
    now = *s.next_step();
    CHECK(s.advance(now) == Indexes{0});
    const double expected = std::min(1.0, to_seconds(now - kNow) / 60 + 1.0 / 64);
    CHECK(reach(s, back) == Approx(expected).margin(0.05));
  }
  CHECK(now - kNow == 1min);
  CHECK(s.compile(0)->v4.ramp.empty());
  CHECK(s.decide(0, Family::v4).shares.empty());
}

TEST_CASE("a short ramp is not compiled more than four times a second") {
  Steering s({weighted(2, 2s)}, kKey);
  bind_all(s, Verdict::up);
  change(s, 101, Verdict::down);
  change(s, 101, Verdict::up);
  CHECK(s.next_step() == kNow + 250ms);
}

TEST_CASE("a member that fails again in its ramp is out at once and starts again from nothing") {
  Steering s({weighted(2)}, kKey);
  bind_all(s, Verdict::up);
  change(s, 101, Verdict::down);
  change(s, 101, Verdict::up, kNow);
  s.advance(kNow + 30s);
  CHECK(s.member(0, 1).share == Approx(0.5 + 1.0 / 64));
  change(s, 101, Verdict::down, kNow + 31s);
  CHECK_FALSE(s.next_step().has_value());
  CHECK(s.decide(0, Family::v4).members == Indexes{0});
  change(s, 101, Verdict::up, kNow + 32s);
  CHECK(s.member(0, 1).share == Approx(1.0 / 64));
}

TEST_CASE("who comes back alone carries everything, and those after him come in beside him") {
  Steering s({weighted(3)}, kKey);
  bind_all(s, Verdict::up);
  for (health::TargetId t = 100; t < 103; ++t) change(s, t, Verdict::down);
  change(s, 100, Verdict::up, kNow);
  CHECK(reach(s, *Address::parse("192.0.2.1")) == 1.0);
  change(s, 101, Verdict::up, kNow + 50ms);  // as good as together: it waits for nothing
  CHECK(reach(s, *Address::parse("192.0.2.2")) > 0.9);
  change(s, 102, Verdict::up, kNow + 20s);
  CHECK(reach(s, *Address::parse("192.0.2.1")) == 1.0);
  CHECK(reach(s, *Address::parse("192.0.2.3")) < 0.1);
}

TEST_CASE("nobody ramps after a start, without slow_start, or where all members are answered") {
  Steering fresh({weighted(2)}, kKey);
  bind_all(fresh, Verdict::down);
  CHECK_FALSE(fresh.next_step().has_value());

  Pool plain = weighted(2, 0s);
  Pool rotated = weighted(2);
  rotated.steer = Steer::all;
  for (const Pool& p : {plain, rotated}) {
    Steering s({p}, kKey);
    bind_all(s, Verdict::up);
    change(s, 101, Verdict::down);
    change(s, 101, Verdict::up);
    CHECK_FALSE(s.next_step().has_value());
    CHECK(s.compile(0)->v4.ramp.empty());
  }
  // A first verdict is no recovery: unknown was answered already.
  Steering unknown({weighted(2)}, kKey);
  bind_all(unknown, Verdict::unknown);
  change(unknown, 101, Verdict::up);
  CHECK_FALSE(unknown.next_step().has_value());
}

TEST_CASE("a reload keeps the ramps, the division of the clients, and notices who recovered meanwhile") {
  Steering before({weighted(3)});
  bind_all(before, Verdict::up);
  change(before, 101, Verdict::down);
  change(before, 102, Verdict::down);
  change(before, 101, Verdict::up, kNow);
  Steering after({weighted(3)});
  bind_all(after, Verdict::up);  // 102 came back while the configuration loaded
  after.inherit(before, kNow + 30s);
  CHECK(after.member(0, 0).share == 1.0);
  CHECK(after.member(0, 1).share == Approx(0.5 + 1.0 / 64));
  CHECK(after.member(0, 2).share == Approx(1.0 / 64));
  CHECK(after.share_of(client(5)) == before.share_of(client(5)));
}

TEST_CASE("a network's clients stay together: its /24, its /48") {
  const auto share = [](const char* a) { return client_share(kKey, *Address::parse(a)); };
  CHECK(share("192.0.2.1") == share("192.0.2.254"));
  CHECK(share("192.0.2.1") != share("192.0.3.1"));
  CHECK(share("2001:db8:1::1") == share("2001:db8:1:ffff::2"));
  CHECK(share("2001:db8:1::1") != share("2001:db8:2::1"));
}

TEST_CASE("in random histories a growing share never takes a client back, and shares follow the weights") {
  Random random(11);
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t count = 2 + random.below(5);
    Pool p = weighted(count, std::chrono::seconds(5 + random.below(200)));
    for (Member& m : p.members) m.weight = 1 + random.below(500);
    Steering s({p}, SipHashKey{random.next(), random.next()});
    bind_all(s, Verdict::up);
    MonotonicTime now = kNow;
    for (std::uint32_t m = 1; m < count; ++m) {
      if (random.below(2) == 0) change(s, 100 + m, Verdict::down, now);
    }
    for (std::uint32_t m = 1; m < count; ++m) {
      now += std::chrono::milliseconds(random.below(20000));
      change(s, 100 + m, Verdict::up, now);
    }
    // From here on nothing changes but the shares.
    std::vector<std::map<Address, double>> last(16);
    for (int steps = 0; steps < 2000 && s.next_step(); ++steps) {
      now = *s.next_step();
      s.advance(now);
      const auto set = s.compile(0);
      for (std::uint32_t i = 0; i < last.size(); ++i) {
        auto c = chances(set->v4, set->client_key, client(i * 37));
        double total = 0;
        for (const auto& [address, chance] : c) {
          total += chance;
          // Once given to a member, a client is never kept from it again.
          const auto before = last[i].find(address);
          if (before != last[i].end() && before->second > 0) REQUIRE(chance > 0);
        }
        REQUIRE(total == Approx(1.0));
        // Among those he may be given, weights decide.
        for (std::uint32_t m = 1; m < count; ++m) {
          const double mine = c[p.members[m].address];
          const double first = c[p.members[0].address];
          if (mine == 0) continue;
          REQUIRE(mine / first ==
                  Approx(double{1} * p.members[m].weight / p.members[0].weight).epsilon(1e-3));
        }
        last[i] = std::move(c);
      }
    }
    CHECK_FALSE(s.next_step().has_value());
  }
}
