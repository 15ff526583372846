// SPDX-License-Identifier: Apache-2.0
// Hundreds of seeded worlds: targets fail and recover as they like, plans change under way, and what the
// engine promises must hold in every one. A failing world is named; GSLBD_SEED=<seed> runs that one alone.

#include <algorithm>
#include <map>

#include "health/engine.h"
#include "tests/health/sim/range.h"
#include "tests/health/sim/seeds.h"
#include "tests/health/sim/sim_world.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::health;
using namespace gslbd::health::sim;
using namespace std::chrono_literals;

namespace {

constexpr Behaviour kBehaviours[] = {
    Behaviour::up,    Behaviour::refused,  Behaviour::blackholed,    Behaviour::slow,
    Behaviour::lossy, Behaviour::flapping, Behaviour::prober_starved};

std::shared_ptr<const Check> make_check(Random& random, const std::string& name) {
  auto check = std::make_shared<Check>();
  check->name = name;
  check->type = sim_check_type();
  check->interval = std::chrono::milliseconds(100 + random.below(3000));
  check->timeout = std::min<Duration>(check->interval, std::chrono::milliseconds(20 + random.below(1000)));
  check->confirm_interval =
      std::min<Duration>(check->interval, std::chrono::milliseconds(10 + random.below(400)));
  check->rise = 1 + random.below(4);
  check->fall = 1 + random.below(4);
  check->jitter = 0.1 * random.below(4);
  return check;
}

/// One run. `complaint` stays empty when every promise was kept.
class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed),
        scheduler_(clock_),
        network_(clock_, scheduler_, seed + 1),
        options_{
            .max_in_flight = 4 + random_.below(60), .max_per_address = 1 + random_.below(4), .seed = seed},
        engine_(std::make_unique<Engine>(
            options_, clock_, scheduler_, network_,
            Engine::Events{.on_change = [this](const auto& c, const auto& s) { changed(c, s); },
                           .on_first_round = [this] { ++first_rounds_; }})) {}

  std::string run();

 private:
  void changed(const VerdictChange& change, const TargetStatus& status);
  void check_promises();
  void replan();
  void disturb();
  void complain(std::string what) {
    if (complaint_.empty()) complaint_ = std::move(what);
  }

  Random random_;
  ManualClock clock_;
  SimScheduler scheduler_;
  SimNetwork network_;
  Engine::Options options_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::shared_ptr<const Check>> checks_;
  std::vector<TargetSpec> plan_;
  std::map<TargetId, Verdict> believed_;
  std::map<TargetId, bool> pending_;
  std::map<TargetId, std::uint64_t> probes_seen_;
  int first_rounds_ = 0;
  std::string complaint_;
};

void World::changed(const VerdictChange& change, const TargetStatus& status) {
  const auto check =
      std::find_if(checks_.begin(), checks_.end(), [&](const auto& c) { return c->name == status.check; });
  if (change.from == change.to && change.pending == pending_[change.id]) {
    complain("a change that changes nothing");
  }
  pending_[change.id] = change.pending;
  if (change.from == change.to) return;
  if (believed_[change.id] != change.from) complain("a change from a verdict that was not held");
  if (change.to == Verdict::unknown) complain("a verdict became unknown");
  if (change.to == Verdict::down && (status.streak_passes || status.streak < (*check)->fall)) {
    complain("down without enough failures in a row");
  }
  if (change.from == Verdict::down && (!status.streak_passes || status.streak < (*check)->rise)) {
    complain("up again without enough passes in a row");
  }
  believed_[change.id] = change.to;
}

void World::replan() {
  if (checks_.empty() || random_.below(3) == 0) {
    checks_.clear();
    for (std::uint32_t i = 0; i <= random_.below(4); ++i)
      checks_.push_back(make_check(random_, "c" + std::to_string(i)));
  }
  plan_.clear();
  const std::uint32_t addresses = 1 + random_.below(40);
  for (const auto& check : checks_) {
    for (std::uint32_t i = 0; i < addresses; ++i) {
      if (random_.below(8) != 0) plan_.push_back({check, address(i)});
    }
  }
  if (!plan_.empty()) plan_.push_back(plan_.front());  // duplicates are fine
  const auto answer = engine_->apply(plan_);
  if (answer.size() != plan_.size()) return complain("apply() did not answer for every target");
  std::map<TargetId, Verdict> now;
  for (const Believed& b : answer) {
    const auto before = believed_.find(b.id);
    if (before != believed_.end() && before->second != b.verdict) complain("a reload changed a verdict");
    now[b.id] = b.verdict;
    pending_[b.id] = b.pending;
  }
  believed_ = std::move(now);
  probes_seen_.clear();
  if (engine_->target_count() != believed_.size()) complain("targets that nobody planned");
}

void World::disturb() {
  for (std::uint32_t i = 0; i < 40; ++i) {
    if (random_.below(3) == 0)
      network_.behave(address(i), kBehaviours[random_.below(std::size(kBehaviours))]);
  }
}

void World::check_promises() {
  if (network_.violations() != 0) complain("a probe was ended twice");
  if (network_.most_in_flight() > options_.max_in_flight) complain("more probes in flight than allowed");
  if (network_.most_per_address() > options_.max_per_address)
    complain("more probes to one address than allowed");
  if (network_.in_flight() != engine_->in_flight()) complain("engine and network count probes differently");
  for (const TargetStatus& s : engine_->status()) {
    if (believed_[s.id] != s.verdict) complain("a verdict changed without a word");
    if (s.counts.total() < probes_seen_[s.id]) complain("counts went back");
    probes_seen_[s.id] = s.counts.total();
  }
}

std::string World::run() {
  disturb();
  replan();
  for (int step = 0; step < 12 && complaint_.empty(); ++step) {
    scheduler_.run_until(clock_.now() + std::chrono::milliseconds(random_.below(4000)));
    check_promises();
    if (random_.below(2) == 0) disturb();
    if (random_.below(4) == 0) replan();
  }
  if (first_rounds_ > 1) complain("more than one first round");
  engine_.reset();
  if (network_.in_flight() != 0) complain("probes outlive the engine");
  return complaint_;
}

}  // namespace

TEST_CASE("in every simulated world the engine keeps its promises") {
  for (const std::uint64_t seed : seeds({400, 4000})) {
    const std::string complaint = World(seed).run();
    if (!complaint.empty()) FAIL(complaint << "; replay with GSLBD_SEED=" << seed);
  }
  SUCCEED();
}

TEST_CASE("a refused target is down within an interval and the confirmations, and back as fast") {
  struct Setting {
    Check check;
    Duration bound;
  };
  Check quick;
  quick.interval = 200ms;
  quick.timeout = 200ms;
  quick.confirm_interval = 50ms;
  quick.fall = 2;
  for (const auto& [check, bound] : {Setting{Check{}, 3s}, Setting{quick, 350ms}}) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      Range f(seed, {}, check, 20);
      f.run_for(5s + std::chrono::milliseconds(seed * 37));
      const auto killed = f.clock.now();
      f.changes.clear();
      for (std::uint32_t i = 0; i < 20; ++i) f.network.behave(address(i), Behaviour::refused);
      f.run_for(bound);
      CAPTURE(seed);
      REQUIRE(f.changes.size() == 20);
      for (const auto& [when, change] : f.changes) {
        REQUIRE(change.to == Verdict::down);
        REQUIRE(when - killed < bound);
      }
      f.changes.clear();
      for (std::uint32_t i = 0; i < 20; ++i) f.network.behave(address(i), Behaviour::up);
      f.run_for(bound);
      REQUIRE(f.changes.size() == 20);
    }
  }
}

TEST_CASE("a silent target is down after an interval and `fall` timeouts") {
  Range f(7, {}, Check{}, 30);
  f.run_for(10s);
  for (std::uint32_t i = 0; i < 30; ++i) f.network.behave(address(i), Behaviour::blackholed);
  f.changes.clear();
  f.run_for(2200ms + 3 * 1s + 1ms);
  CHECK(f.changes.size() == 30);
}

TEST_CASE("every probe starts within its stretched interval after the one before") {
  Range f(5, {}, Check{}, 200);
  f.run_for(60s);
  std::map<Address, std::vector<MonotonicTime>> by_target;
  for (const auto& probe : f.network.started()) by_target[probe.address].push_back(probe.started);
  REQUIRE(by_target.size() == 200);
  bool varied = false;
  for (const auto& [target, starts] : by_target) {
    REQUIRE(starts.size() >= 26);
    for (std::size_t i = 1; i < starts.size(); ++i) {
      REQUIRE(starts[i] - starts[i - 1] >= Duration(1800ms));
      REQUIRE(starts[i] - starts[i - 1] <= Duration(2200ms));
      varied = varied || starts[i] - starts[i - 1] != starts[1] - starts[0];
    }
  }
  CHECK(varied);
}

TEST_CASE("silent targets that fill every place delay the others but starve nobody") {
  Range f(9, {.max_in_flight = 10, .max_per_address = 1}, Check{}, 100);
  for (std::uint32_t i = 0; i < 50; ++i) f.network.behave(address(i), Behaviour::blackholed);
  f.run_for(120s);
  CHECK(f.network.most_in_flight() == 10);
  std::map<Address, int> probes;
  for (const auto& probe : f.network.started()) ++probes[probe.address];
  CHECK(probes.size() == 100);
  for (const auto& [target, count] : probes) CHECK(count > 5);
}
