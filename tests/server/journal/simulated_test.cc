// SPDX-License-Identifier: Apache-2.0
// The journal of simulated lives: what the engine believed is in it, with the evidence, in the words of the
// files themselves.

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "server/journal/reader.h"
#include "server/journal/recorder.h"
#include "tests/health/sim/life.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

using TargetName = std::pair<std::string, std::string>;  ///< check and address

/// A change as the engine reported it.
struct Change {
  TargetName target;
  std::string from;
  std::string to;
  std::string at;
  std::uint32_t streak;
};

Change change_of(const health::VerdictChange& change, const health::TargetStatus& status) {
  return {{status.check, status.address.to_string()},
          std::string(health::verdict_name(change.from)),
          std::string(health::verdict_name(change.to)),
          format_wall_time(change.at),
          status.streak};
}

/// Reads a journal from its beginning, as whoever looks for the reason of a verdict has to.
class Auditor {
 public:
  explicit Auditor(std::vector<Change> changes) : changes_(std::move(changes)) {}

  void read(const Entry& entry) {
    const TargetName target{entry.check, entry.target};
    if (entry.kind == "outcome") streaks_[target] = entry.more.at("reason");
    if (owed_) {
      INFO(to_line(entry));
      REQUIRE(entry.kind == "outcome");
      REQUIRE(*owed_ == std::pair(target, streaks_[target]));
      owed_.reset();
    }
    if (entry.kind == "stale") stale_[target] = entry.sequence;
    if (entry.kind == "verdict") judge(entry, target);
  }
  std::size_t verdicts() const { return verdicts_; }

 private:
  void judge(const Entry& entry, const TargetName& target) {
    REQUIRE(verdicts_ < changes_.size());
    const Change& change = changes_[verdicts_++];
    INFO(to_line(entry));
    REQUIRE(change.target == target);
    REQUIRE(entry.more.at("from") == change.from);
    REQUIRE(entry.more.at("to") == change.to);
    REQUIRE(format_wall_time(entry.at) == change.at);
    REQUIRE(entry.more.at("streak") == change.streak);
    if (change.to == "unknown") {
      REQUIRE(stale_.at(target) + 1 == entry.sequence);
      return;
    }
    // The streak, or its latest reason, began in a line of its own; if that was with this outcome, the line
    // comes next.
    const std::string reason = entry.more.at("reason");
    if (streaks_[target] != reason) owed_ = {target, reason};
    REQUIRE((reason == "pass") == (change.to == "up"));
    REQUIRE(change.streak > 0);
    REQUIRE(entry.more.contains("detail") == (change.to == "down"));
  }

  std::vector<Change> changes_;
  std::map<TargetName, std::string> streaks_;
  std::optional<std::pair<TargetName, std::string>> owed_;
  std::map<TargetName, std::uint64_t> stale_;
  std::size_t verdicts_ = 0;
};

}  // namespace

TEST_CASE("in a simulated life no verdict is without its evidence in the journal") {
  for (const health::sim::Plan& plan : {health::sim::stormy_hour(), health::sim::flapping_hour()}) {
    Files files;
    std::vector<Change> changes;
    {
      Recorder recorder({.state_dir = files.path().string(), .journal = {}, .hooks = {}, .server = "ns1"},
                        "1");
      const auto life =
          health::sim::live_through(plan, 21,
                                    {.on_event = [&](const health::Event& e) { recorder.note(e); },
                                     .on_change =
                                         [&](const health::VerdictChange& c, const health::TargetStatus& s) {
                                           if (c.from != c.to) changes.push_back(change_of(c, s));
                                         }});
      CHECK(life.complaint == "");
      recorder.stop("the hour is over");
      CHECK(recorder.counters().queue_full == 0);
    }
    CHECK(changes.size() > 50);
    const std::size_t expected = changes.size();
    Auditor auditor(std::move(changes));
    replay_journal(
        files.path().string(), [](std::string_view) { return true; },
        [&](const Entry& entry) { auditor.read(entry); });
    CHECK(auditor.verdicts() == expected);
  }
}
