// SPDX-License-Identifier: Apache-2.0
#include "server/journal/recorder.h"

#include <fstream>
#include <thread>

#include "server/control/control.h"
#include "server/journal/journal_api.h"
#include "server/journal/journal_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

RecorderSettings settings_of(const Files& files) {
  return {.state_dir = files.path().string(), .journal = {}, .hooks = {}, .server = "ns1"};
}

health::Event verdict(health::Verdict from, health::Verdict to, const char* address = "192.0.2.1") {
  return {.kind = health::EventKind::verdict,
          .at = SystemClock().wall_now(),
          .check = "web",
          .address = *Address::parse(address),
          .site = "fra",
          .from = from,
          .to = to,
          .reason = health::Reason::refused,
          .detail = "connection refused",
          .duration = 1ms,
          .streak = 3};
}

std::vector<std::string> kinds(const JournalPage& page) {
  std::vector<std::string> out;
  for (const Entry& e : page.entries) out.push_back(e.kind);
  return out;
}

}  // namespace

TEST_CASE("what is noted is in the journal after a stop, with its keys") {
  Files files;
  Recorder recorder(settings_of(files), "1.0");
  recorder.note(verdict(health::Verdict::up, health::Verdict::down));
  recorder.note_reload(false, 3, {"gslbd.json: wrong"});
  recorder.stop("SIGTERM");
  const JournalPage page = recorder.journal({});
  CHECK(kinds(page) == std::vector<std::string>{"stop", "reload_failed", "verdict", "start"});
  CHECK(page.entries[3].more["version"] == "1.0");
  CHECK(page.entries[0].more["why"] == "SIGTERM");
  const Json line = to_json(page.entries[2]);
  CHECK(line["check"] == "web");
  CHECK(line["target"] == "192.0.2.1");
  CHECK(line["site"] == "fra");
  CHECK(line["from"] == "up");
  CHECK(line["to"] == "down");
  CHECK(line["reason"] == "refused");
  CHECK(line["detail"] == "connection refused");
  CHECK(line["streak"] == 3);
  CHECK(recorder.counters().written == 4);
}

TEST_CASE("a forced state is noted with its scope") {
  Files files;
  Recorder recorder(settings_of(files), "1.0");
  ForcedEvent event;
  event.what = ForcedEvent::What::released;
  event.entry.scope = ForcedScope::site("fra");
  event.entry.author = "ann";
  event.by = "bob";
  recorder.note(event);
  recorder.stop("test");
  const JournalPage page = recorder.journal({.kind = "forced"});
  REQUIRE(page.entries.size() == 1);
  CHECK(page.entries[0].site == "fra");
  CHECK(page.entries[0].more["action"] == "released");
  CHECK(page.entries[0].more["author"] == "ann");
  CHECK(page.entries[0].more["by"] == "bob");
}

TEST_CASE("everybody may note at the same time, and each line is whole and has its own number") {
  Files files;
  Recorder recorder(settings_of(files), "1.0");
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&recorder] {
      for (int i = 0; i < kEach; ++i) recorder.note(verdict(health::Verdict::up, health::Verdict::down));
    });
  }
  for (auto& thread : threads) thread.join();
  recorder.stop("test");
  CHECK(recorder.counters().written == kThreads * kEach + 2);
  std::uint64_t expected = 0;
  replay_journal(
      files.path().string(), [](std::string_view) { return true; },
      [&](const Entry& e) { REQUIRE(e.sequence == ++expected); });
  CHECK(expected == kThreads * kEach + 2);
}

TEST_CASE("figures outlive a restart; after a crash the time nobody watched is unknown") {
  Files files;
  const WallTime now = SystemClock().wall_now();
  {
    JournalFile file(files.path().string(), {});
    std::uint64_t sequence = 0;
    const auto put = [&](Duration ago, const std::string& kind, const std::string& to) {
      Entry e{.sequence = ++sequence, .at = now - ago, .kind = kind};
      if (!to.empty()) {
        e.check = "web";
        e.target = "192.0.2.1";
        e.more["to"] = to;
      }
      REQUIRE(file.append(to_line(e)));
    };
    put(50min, "start", "");
    put(50min, "verdict", "up");
    put(40min, "verdict", "down");
    put(30min, "verdict", "up");
  }
  // Nobody renewed the file after the last entry: that was the crash.
  std::filesystem::last_write_time(journal_path(files.path().string()),
                                   std::filesystem::file_time_type::clock::now() - 20min);
  Recorder recorder(settings_of(files), "1.0");
  recorder.note(verdict(health::Verdict::unknown, health::Verdict::up));
  recorder.stop("test");
  const auto start = recorder.journal({.kind = "start"}).entries.at(0);
  CHECK(start.sequence == 5);
  CHECK(start.more["clean"] == false);
  const JournalPage page = recorder.journal({});
  CHECK(page.entries.size() == 7);
  // The recorder has stopped, so the target is no longer watched; what it had shows in a new one.
  Recorder again(settings_of(files), "1.0");
  again.note(verdict(health::Verdict::unknown, health::Verdict::up));
  again.stop("test");
  Uptime rebuilt;
  replay_journal(
      files.path().string(), [](std::string_view) { return true; },
      [&](const Entry& e) {
        if (e.kind != "stop" || e.sequence < 8) rebuilt.note(e);
      });
  const auto targets = rebuilt.targets(SystemClock().wall_now());
  REQUIRE(targets.size() == 1);
  const Share hour = targets[0].windows[0];
  CHECK(to_seconds(hour.up) == Approx(20 * 60).margin(30));
  CHECK(to_seconds(hour.down) == Approx(10 * 60).margin(30));
  CHECK(to_seconds(hour.unknown) == Approx(30 * 60).margin(30));
}

TEST_CASE("a journal that cannot be written costs its lines, and nothing else") {
  RecorderSettings settings;
  settings.state_dir = "/nonexistent/directory";
  Recorder recorder(settings, "1.0");
  recorder.note(verdict(health::Verdict::up, health::Verdict::down));
  recorder.stop("test");
  CHECK(recorder.counters().written == 0);
  CHECK(recorder.counters().write_failed >= 2);
  CHECK(recorder.journal({}).entries.empty());
}

TEST_CASE("a question to the journal is read from its parameters") {
  const WallTime now = SystemClock().wall_now();
  const auto q = parse_journal_query("limit=7&kind=verdict&check=a%2Fb+c&target=2001:db8::1&since=1h", now);
  REQUIRE(q.has_value());
  CHECK(q->limit == 7);
  CHECK(q->kind == "verdict");
  CHECK(q->check == "a/b c");
  CHECK(q->target == "2001:db8::1");
  CHECK(*q->since == now - 1h);
  CHECK(parse_journal_query("", now)->limit == 100);
  CHECK(parse_journal_query("&&", now).has_value());
  CHECK(*parse_journal_query("since=2026-01-01T00:00:00.500Z", now)->since ==
        WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)) + 500ms);
  for (const char* wrong : {"limit=0", "limit=1001", "limit=x", "limit",
                            "since=", "since=2026-13-01T00:00:00Z", "kind=verdit", "sight=fra"}) {
    INFO(wrong);
    CHECK_FALSE(parse_journal_query(wrong, now).has_value());
  }
  CHECK(parse_journal_query("sit=fra", now).error().message ==
        "there is no parameter \"sit\"; did you mean \"site\"?");
}

TEST_CASE("a journal that is switched on later is told of what is known, and the figures stay") {
  Files files;
  RecorderSettings settings = settings_of(files);
  {
    // The run before crashed, and believed something else.
    Recorder before(settings, "1.0");
    before.note(verdict(health::Verdict::unknown, health::Verdict::up, "192.0.2.9"));
    before.stop("test");
  }
  settings.journal.on = false;
  Recorder recorder(settings, "1.0");
  recorder.note(verdict(health::Verdict::up, health::Verdict::down));
  settings.journal.on = true;
  recorder.configure(settings);
  settings.journal.on = false;
  recorder.configure(settings);
  settings.journal.on = true;
  recorder.configure(settings);
  recorder.stop("test");
  const JournalPage page = recorder.journal({});
  CHECK(kinds(page) == std::vector<std::string>{"stop", "joined", "start", "stop", "joined", "start", "stop",
                                                "verdict", "start"});
  const Entry& joined = page.entries[4];
  CHECK(joined.target == "192.0.2.1");
  CHECK(joined.site == "fra");
  CHECK(joined.more["to"] == "down");
  CHECK(page.entries[5].more["clean"] == true);
  CHECK(page.entries[5].sequence == 4);
}

TEST_CASE("an event names its address family, and whether it is about a canary") {
  health::Event event{.kind = health::EventKind::isolated};
  event.family = "ipv6";
  CHECK(to_json(entry_of(event))["family"] == "ipv6");
  CHECK_FALSE(to_json(entry_of(event)).contains("canary"));
  event = verdict(health::Verdict::up, health::Verdict::down);
  event.canary = true;
  CHECK(to_json(entry_of(event))["canary"] == true);
  CHECK_FALSE(to_json(entry_of(event)).contains("family"));
}
