// SPDX-License-Identifier: Apache-2.0
#include "server/app/verdict_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/json.h"
#include "core/log.h"
#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A state directory that goes when the test ends; what is logged meanwhile does not matter.
class StateDir {
 public:
  StateDir() {
    std::string name = (fs::temp_directory_path() / "gslbd-state-XXXXXX").string();
    path_ = mkdtemp(name.data());
    log::set_level(log::Level::off);
  }
  ~StateDir() {
    log::set_level(log::Level::info);
    fs::remove_all(path_);
  }
  std::string path() const { return path_.string(); }
  void write(const std::string& text) const { std::ofstream(path_ / "verdicts.json") << text; }
  bool has(const std::string& file) const { return fs::exists(path_ / file); }

 private:
  fs::path path_;
};

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

health::TargetStatus target(const std::string& check, const std::string& address, health::Verdict verdict) {
  health::TargetStatus t;
  t.check = check;
  t.address = *Address::parse(address);
  t.verdict = verdict;
  t.since = kNow - 1h;
  return t;
}

std::string three_targets() {
  const std::vector<health::TargetStatus> targets{target("web", "192.0.2.1", health::Verdict::down),
                                                  target("web", "2001:db8::1", health::Verdict::up),
                                                  target("ping", "192.0.2.1", health::Verdict::unknown)};
  return VerdictStore::serialize(targets, kNow);
}

}  // namespace

TEST_CASE("verdicts come back as they were, the unknown ones left out") {
  const StateDir dir;
  const VerdictStore store(dir.path());
  REQUIRE(store.save(three_targets()).has_value());
  const auto back = store.load(kNow + 1min);
  REQUIRE(back.size() == 2);
  CHECK(back[0].check == "web");
  CHECK(back[0].address.to_string() == "192.0.2.1");
  CHECK(back[0].verdict == health::Verdict::down);
  CHECK(back[0].since == kNow - 1h);
  CHECK(back[1].verdict == health::Verdict::up);
  CHECK_FALSE(dir.has("verdicts.json.new"));
}

TEST_CASE("a canary's verdict is not kept: a target that is steered by may have the same name") {
  std::vector<health::TargetStatus> targets{target("web", "192.0.2.1", health::Verdict::down),
                                            target("web", "192.0.2.1", health::Verdict::up)};
  targets[1].canary = true;
  const StateDir dir;
  const VerdictStore store(dir.path());
  REQUIRE(store.save(VerdictStore::serialize(targets, kNow)).has_value());
  const auto back = store.load(kNow);
  REQUIRE(back.size() == 1);
  CHECK(back[0].verdict == health::Verdict::down);
}

TEST_CASE("what is no longer fresh is not believed") {
  const StateDir dir;
  const VerdictStore store(dir.path());
  REQUIRE(store.save(three_targets()).has_value());
  CHECK(store.load(kNow + VerdictStore::kFreshFor).size() == 2);
  CHECK(store.load(kNow + VerdictStore::kFreshFor + 1s).empty());
  CHECK(store.load(kNow - VerdictStore::kFreshFor - 1s).empty());  // written in the future
  CHECK(dir.has("verdicts.json"));
}

TEST_CASE("what holds a target down is kept with its verdict") {
  const StateDir dir;
  const VerdictStore store(dir.path());
  std::vector<health::TargetStatus> targets{target("web", "192.0.2.1", health::Verdict::down),
                                            target("web", "192.0.2.2", health::Verdict::down)};
  targets[0].flap_penalty = 2.5;
  targets[0].held_until = kNow + 10min;
  targets[1].awaits_resume = true;
  REQUIRE(store.save(VerdictStore::serialize(targets, kNow)).has_value());
  const auto back = store.load(kNow + 1min);
  REQUIRE(back.size() == 2);
  CHECK(back[0].flap_penalty == 2.5);
  CHECK(back[0].held_until == kNow + 10min);
  CHECK_FALSE(back[0].awaits_resume);
  CHECK(back[0].as_of == kNow);
  CHECK(back[1].flap_penalty == 0);
  CHECK(back[1].held_until == WallTime{});
  CHECK(back[1].awaits_resume);
}

TEST_CASE("what waits for an operator is remembered however old the file is") {
  const StateDir dir;
  const VerdictStore store(dir.path());
  std::vector<health::TargetStatus> targets{target("web", "192.0.2.1", health::Verdict::down),
                                            target("web", "192.0.2.2", health::Verdict::down)};
  targets[1].awaits_resume = true;
  REQUIRE(store.save(VerdictStore::serialize(targets, kNow)).has_value());
  const auto back = store.load(kNow + 48h);
  REQUIRE(back.size() == 1);
  CHECK(back[0].address.to_string() == "192.0.2.2");
}

TEST_CASE("a file of the first release is still read") {
  const StateDir dir;
  dir.write(R"({"version": 1, "written_ms": 1795219200000, "verdicts": [
    {"check": "web", "target": "192.0.2.1", "verdict": "down", "since_ms": 1795219100000}]})");
  const WallTime written{1795219200000ms};
  const auto back = VerdictStore(dir.path()).load(written + 1min);
  REQUIRE(back.size() == 1);
  CHECK(back[0].verdict == health::Verdict::down);
  CHECK(back[0].as_of == written);
  CHECK_FALSE(back[0].awaits_resume);
}

TEST_CASE("without a file there is nothing to believe") {
  const StateDir dir;
  CHECK(VerdictStore(dir.path()).load(kNow).empty());
}

TEST_CASE("a damaged file is set aside, whatever the damage") {
  const std::string good = three_targets();
  std::vector<std::string> damaged{"",
                                   "{",
                                   "[]",
                                   "null",
                                   R"({"version": 3, "written_ms": 0, "verdicts": []})",
                                   R"({"version": 1, "verdicts": []})",
                                   R"({"version": 1e99, "written_ms": 0, "verdicts": []})",
                                   R"({"version": 1, "written_ms": 1e99, "verdicts": []})",
                                   std::string(1000, '\0')};
  for (std::size_t n = 1; n + 2 < good.size(); n += 7) damaged.push_back(good.substr(0, n));
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"192.0.2.1", "192.0.2"}, {"down", "dwon"}}) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    damaged.push_back(text);
  }
  for (const auto& text : damaged) {
    const StateDir dir;
    dir.write(text);
    INFO(text);
    CHECK(VerdictStore(dir.path()).load(kNow).empty());
    CHECK_FALSE(dir.has("verdicts.json"));
    CHECK(dir.has("verdicts.json.damaged"));
  }
}

TEST_CASE("a directory that cannot be written is an error that names the file") {
  const VerdictStore store("/nonexistent");
  CHECK(store.save("{}").error().message ==
        "cannot write /nonexistent/verdicts.json.new: No such file or directory");
}
