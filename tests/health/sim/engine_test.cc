// SPDX-License-Identifier: Apache-2.0
// What follows from outcomes, in small worlds: isolation, age, held connections, failback, memory.

#include <algorithm>
#include <map>

#include "health/engine.h"
#include "tests/health/sim/sim_world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

class FakeHolder final : public Holder {
 public:
  void hold(TargetId id, const Check&, const Address& address, HoldListener& listener) override {
    held[address] = {id, &listener};
  }
  void release(TargetId id) override {
    std::erase_if(held, [&](const auto& h) { return h.second.first == id; });
  }
  void lose(const Address& address) {
    const auto [id, listener] = held.at(address);
    listener->hold_lost(id, "closed by the peer");
  }
  std::map<Address, std::pair<TargetId, HoldListener*>> held;
};

const Address kFra1 = *Address::parse("192.0.2.1");
const Address kFra2 = *Address::parse("192.0.2.2");
const Address kNyc1 = *Address::parse("198.51.100.1");
const Address kGateway = *Address::parse("203.0.113.1");

/// Two sites with the defaults: every 2 s, timeout 1 s, rise 2, fall 3, confirmations every 250 ms.
struct Sites {
  explicit Sites(void (*set)(Check&) = nullptr, Engine::Options options = {})
      : scheduler(clock), network(clock, scheduler, 1) {
    Check settings;
    settings.name = "web";
    settings.type = sim_check_type();
    settings.options = std::make_shared<CheckOptions>();
    settings.max_age = 11s;
    if (set != nullptr) set(settings);
    check = std::make_shared<const Check>(settings);
    engine.emplace(options, clock, scheduler, network,
                   Engine::Events{.on_change = [this](const VerdictChange& c,
                                                      const TargetStatus&) { changes.push_back(c); },
                                  .on_first_round = [] {},
                                  .on_event = [this](const Event& e) { events.push_back(e); }},
                   &holder);
  }
  void plan(std::vector<TargetSpec> targets) { engine->apply(targets); }
  void plan_both() { plan({{check, kFra1, "fra"}, {check, kFra2, "fra"}, {check, kNyc1, "nyc"}}); }
  void run(Duration d) { scheduler.run_until(clock.now() + d); }
  TargetStatus status(const Address& address) const {
    for (const auto& s : engine->status()) {
      if (s.address == address) return s;
    }
    FAIL("no target " << address.to_string());
    return {};
  }
  std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [kind](const Event& e) { return e.kind == kind; }));
  }
  void all(Behaviour b) {
    for (const Address& a : {kFra1, kFra2, kNyc1, kGateway}) network.behave(a, b);
  }

  ManualClock clock;
  SimScheduler scheduler;
  SimNetwork network;
  FakeHolder holder;
  std::shared_ptr<const Check> check;
  std::optional<Engine> engine;
  std::vector<VerdictChange> changes;
  std::vector<Event> events;
};

}  // namespace

TEST_CASE("when unrelated sites fall silent together the verdicts are frozen") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.all(Behaviour::blackholed);
  s.run(10min);
  CHECK(s.engine->stats().isolated);
  CHECK(s.count(EventKind::isolated) == 1);
  for (const auto& t : s.engine->status()) CHECK(t.verdict == Verdict::up);
  CHECK(s.engine->stats().doubted == 3);
  CHECK(s.engine->stats().stale == 0);

  s.all(Behaviour::up);
  s.run(3s);
  CHECK_FALSE(s.engine->stats().isolated);
  CHECK(s.count(EventKind::connected) == 1);
  for (const auto& t : s.engine->status()) CHECK(t.verdict == Verdict::up);
}

TEST_CASE("after isolation a dead site is found as ever") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.all(Behaviour::blackholed);
  s.run(1min);
  s.network.behave(kNyc1, Behaviour::up);  // the network is back, Frankfurt is not
  s.run(2s + 4s);
  CHECK_FALSE(s.engine->stats().isolated);
  CHECK(s.status(kFra1).verdict == Verdict::down);
  CHECK(s.status(kFra2).verdict == Verdict::down);
  CHECK(s.status(kNyc1).verdict == Verdict::up);
}

TEST_CASE("the total loss of one site is a death, found in its usual time") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.network.behave(kFra1, Behaviour::blackholed);
  s.network.behave(kFra2, Behaviour::blackholed);
  s.run(2200ms + 3 * 1s + 100ms);
  CHECK(s.status(kFra1).verdict == Verdict::down);
  CHECK(s.status(kFra2).verdict == Verdict::down);
  CHECK(s.count(EventKind::isolated) == 0);
  // And then the other one: there is nobody left to ask.
  s.network.behave(kNyc1, Behaviour::blackholed);
  s.run(2200ms + 3 * 1s + 100ms);
  CHECK(s.status(kNyc1).verdict == Verdict::down);
  CHECK(s.count(EventKind::isolated) == 0);
}

TEST_CASE("whose neighbour answers is not cut off: its silence is its own, whoever else is silent") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.network.behave(kFra1, Behaviour::blackholed);
  s.network.behave(kNyc1, Behaviour::blackholed);
  s.run(2200ms + 3 * 1s + 100ms);
  CHECK(s.status(kFra1).verdict == Verdict::down);
  CHECK(s.status(kNyc1).verdict == Verdict::down);
  CHECK(s.count(EventKind::isolated) == 0);
}

TEST_CASE("refusals are answers: all sites may be down at once") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.all(Behaviour::refused);
  s.run(3s);
  for (const auto& t : s.engine->status()) CHECK(t.verdict == Verdict::down);
  CHECK(s.count(EventKind::isolated) == 0);
}

TEST_CASE("a lost canary tells a lone site's death from our own") {
  Sites s;
  s.plan({{s.check, kFra1, "fra"}, {s.check, kGateway, "", true}});
  s.run(10s);
  s.all(Behaviour::blackholed);
  s.run(1min);
  CHECK(s.engine->stats().isolated);
  CHECK(s.status(kFra1).verdict == Verdict::up);
  s.network.behave(kGateway, Behaviour::up);
  s.run(10s);
  CHECK_FALSE(s.engine->stats().isolated);
  CHECK(s.status(kFra1).verdict == Verdict::down);
  for (const auto& c : s.changes) CHECK(c.id == s.status(kFra1).id);  // nobody hears of canaries
}

TEST_CASE("IPv6 may be lost alone, and IPv4 is no witness for it") {
  const Address fra6 = *Address::parse("2001:db8:1::1");
  const Address nyc6 = *Address::parse("2001:db8:2::1");
  Sites s;
  s.plan({{s.check, kFra1, "fra"}, {s.check, kNyc1, "nyc"}, {s.check, fra6, "fra"}, {s.check, nyc6, "nyc"}});
  s.run(10s);
  s.network.behave(fra6, Behaviour::blackholed);
  s.network.behave(nyc6, Behaviour::blackholed);
  s.network.behave(kNyc1, Behaviour::blackholed);
  s.run(1min);
  CHECK(s.engine->stats().isolated);
  CHECK(s.status(fra6).verdict == Verdict::up);
  CHECK(s.status(nyc6).verdict == Verdict::up);
  CHECK(s.status(kNyc1).verdict == Verdict::down);  // IPv4 is as ever
  s.network.behave(fra6, Behaviour::up);
  s.run(10s);
  CHECK_FALSE(s.engine->stats().isolated);
  CHECK(s.status(nyc6).verdict == Verdict::down);
}

TEST_CASE("with self-doubt off, silence is death") {
  Sites s;
  s.engine->set_self_doubt(false);
  s.plan_both();
  s.run(10s);
  s.all(Behaviour::blackholed);
  s.run(10s);
  for (const auto& t : s.engine->status()) CHECK(t.verdict == Verdict::down);
}

TEST_CASE("a verdict without evidence becomes unknown, and a starving prober raises an alarm once") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.all(Behaviour::prober_starved);
  s.run(10s);
  CHECK(s.status(kFra1).verdict == Verdict::up);  // not yet
  CHECK(s.engine->stats().starved);
  s.run(5s);
  for (const auto& t : s.engine->status()) CHECK(t.verdict == Verdict::unknown);
  CHECK(s.engine->stats().stale == 3);
  CHECK(s.count(EventKind::stale) == 3);
  CHECK(s.count(EventKind::starved) == 1);
  s.all(Behaviour::up);
  s.run(15s);
  CHECK(s.status(kFra1).verdict == Verdict::up);
  CHECK_FALSE(s.engine->stats().starved);
}

TEST_CASE("time in which the process stood still makes nothing stale") {
  Sites s;
  s.plan_both();
  s.network.behave(kNyc1, Behaviour::refused);
  s.run(10s);
  CHECK(s.status(kNyc1).verdict == Verdict::down);
  s.clock.advance(1h);  // suspended: no timer ran
  s.run(10s);
  CHECK(s.engine->stats().stale == 0);
  CHECK(s.status(kNyc1).verdict == Verdict::down);
  CHECK(s.status(kFra1).verdict == Verdict::up);
}

TEST_CASE("a lost connection leads to a burst of probes, and decides nothing itself") {
  Sites s([](Check& c) { c.hold = true; });
  s.plan_both();
  s.run(10s);
  CHECK(s.holder.held.size() == 3);
  SECTION("the process is gone") {
    s.network.behave(kFra1, Behaviour::refused);
    s.holder.lose(kFra1);
    s.run(110ms);  // three round trips of at most 21 ms, and the gaps
    CHECK(s.status(kFra1).verdict == Verdict::down);
    CHECK(s.holder.held.size() == 2);
    s.network.behave(kFra1, Behaviour::up);
    s.run(5s);
    CHECK(s.holder.held.size() == 3);  // held again
  }
  SECTION("only the connection is gone") {
    const std::size_t before = s.network.started().size();
    s.holder.lose(kFra1);
    s.run(300ms);
    CHECK(s.status(kFra1).verdict == Verdict::up);
    const std::size_t burst = s.network.started().size() - before;
    CHECK(burst >= 3);
    CHECK(burst <= 10);  // bounded
    s.run(10s);
    CHECK(s.status(kFra1).verdict == Verdict::up);
  }
  CHECK(s.engine->stats().holds_lost == 1);
  CHECK(s.count(EventKind::hold_lost) == 1);
}

TEST_CASE("an operator resumes what waits for him, and nothing else") {
  Sites s([](Check& c) { c.failback = Failback::manual; });
  s.plan_both();
  s.run(10s);
  CHECK_FALSE(s.engine->resume("web", kFra1));
  s.network.behave(kFra1, Behaviour::refused);
  s.run(5s);
  s.network.behave(kFra1, Behaviour::up);
  s.run(1min);
  CHECK(s.status(kFra1).verdict == Verdict::down);
  CHECK(s.status(kFra1).held_back == HeldBack::resume);
  CHECK(s.count(EventKind::held_down) == 1);
  CHECK_FALSE(s.engine->resume("other", kFra1));
  CHECK(s.engine->resume("web", kFra1));
  CHECK(s.status(kFra1).verdict == Verdict::up);
}

TEST_CASE("what is remembered over a restart: the verdict, the penalty, who waits for an operator") {
  const auto set = [](Check& c) {
    c.failback = Failback::manual;
    c.damping.emplace();
  };
  const WallTime now = ManualClock().wall_now();
  Engine::Options options;
  options.remembered = {{"web", kFra1, Verdict::down, now - 1h, 4.0, now + 10min, true, now - 5min},
                        {"web", kNyc1, Verdict::down, now - 2h, 0.0, {}, false, now}};
  Sites s(set, options);
  s.plan_both();
  CHECK(s.status(kFra1).verdict == Verdict::down);
  CHECK(s.status(kFra1).since == now - 1h);
  CHECK(s.status(kFra1).flap_penalty == Approx(2.0));  // one half-life of five minutes
  CHECK(s.status(kFra2).verdict == Verdict::unknown);
  s.run(10s);
  CHECK(s.status(kFra1).held_back == HeldBack::resume);
  CHECK(s.status(kNyc1).verdict == Verdict::up);
  CHECK(s.engine->resume("web", kFra1));
  CHECK(s.status(kFra1).verdict == Verdict::up);
}

TEST_CASE("a pending change is reported when it begins and when it ends") {
  Sites s;
  s.plan_both();
  s.run(10s);
  s.changes.clear();
  s.network.behave(kFra1, Behaviour::blackholed);
  for (int i = 0; i < 400 && s.changes.empty(); ++i) s.run(10ms);
  REQUIRE(s.changes.size() == 1);
  CHECK(s.changes[0].pending);
  CHECK(s.changes[0].from == s.changes[0].to);
  s.network.behave(kFra1, Behaviour::up);
  s.run(2s);
  REQUIRE(s.changes.size() == 2);
  CHECK_FALSE(s.changes[1].pending);
}
