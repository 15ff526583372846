// SPDX-License-Identifier: Apache-2.0
// The check types push and file: what is heard from others, and how old it may be.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <semaphore>

#include "health/check_type.h"
#include "health/side_work.h"
#include "health/types/push_check.h"
#include "tests/health/probing.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

constexpr MonotonicTime kStart{1000s};

std::string text_of(const Outcome& outcome) {
  return fmt::format("{}: {}", reason_name(outcome.reason), outcome.detail);
}

Check file_check(const Files& files, const std::string& more = "", const std::string& name = "state",
                 const std::string& check = "c") {
  return make_check(
      fmt::format(R"({{"type": "file", "path": "{}/{}"{}}})", files.path().string(), name, more), check);
}

void set_age(const std::filesystem::path& file, std::chrono::seconds age) {
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - age);
}

}  // namespace

TEST_CASE("push: silence is a failure once it lasts longer than a heartbeat may") {
  const Heartbeat well{kStart, true, "load 0.3"};
  CHECK(text_of(judge_heartbeat(&well, kStart, kStart + 30s, 30s)) == "pass: load 0.3");
  CHECK(text_of(judge_heartbeat(&well, kStart, kStart + 30s + 1ms, 30s)) == "silent: silent for 30s");
  CHECK(text_of(judge_heartbeat(&well, kStart, kStart + 95s, 30s)) == "silent: silent for 95s");
}

TEST_CASE("push: a site may say of itself that it is down, and then fall silent") {
  const Heartbeat ill{kStart, false, "database gone"};
  CHECK(text_of(judge_heartbeat(&ill, kStart, kStart, 30s)) ==
        "reported: it says that it is down: database gone");
  CHECK(judge_heartbeat(&ill, kStart, kStart + 31s, 30s).reason == Reason::silent);
}

TEST_CASE("push: before the first heartbeat there is no evidence, for as long as one lasts") {
  const Outcome early = judge_heartbeat(nullptr, kStart, kStart + 30s, 30s);
  CHECK(early.reason == Reason::unheard);
  CHECK(is_local_trouble(early.reason));
  CHECK(text_of(judge_heartbeat(nullptr, kStart, kStart + 31s, 30s)) ==
        "silent: no heartbeat since the start, 31s ago");
}

TEST_CASE("push: who is looked for anew gets the time of a heartbeat, whatever was heard long ago") {
  const Heartbeat old{kStart, true, ""};
  const MonotonicTime again = kStart + 1h;
  CHECK(judge_heartbeat(&old, again, again + 30s, 30s).reason == Reason::unheard);
  CHECK(judge_heartbeat(&old, again, again + 31s, 30s).reason == Reason::silent);
  CHECK(judge_heartbeat(&old, kStart + 1s, kStart + 20s, 30s).passed());
}

TEST_CASE("push: heartbeats belong to a check by its name and to an address") {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  struct Listener final : ProbeListener {
    void probe_ended(ProbeId, Outcome o) override { outcome = o; }
    Outcome outcome;
  } listener;
  const Check backup = make_check(R"({"type": "push", "within": "1m"})", "backup");
  const Check other = make_check(R"({"type": "push", "within": "1m"})", "other");
  CHECK(backup.fingerprint() != other.fingerprint());
  const Address address = *Address::parse("192.0.2.1");
  heartbeats.note("backup", address, {std::chrono::steady_clock::now(), true, ""});
  transport.start(1, backup, address, listener);
  CHECK(listener.outcome.reason == Reason::pass);
  transport.start(2, other, address, listener);
  CHECK(listener.outcome.reason == Reason::unheard);
  transport.start(3, backup, *Address::parse("192.0.2.2"), listener);
  CHECK(listener.outcome.reason == Reason::unheard);
}

TEST_CASE("push and file do not cross the network, udp and dns do") {
  CHECK_FALSE(find_check_type("push")->crosses_network);
  CHECK_FALSE(find_check_type("file")->crosses_network);
  CHECK_FALSE(find_check_type("exec")->crosses_network);
  CHECK(find_check_type("udp")->crosses_network);
  CHECK(find_check_type("dns")->crosses_network);
}

TEST_CASE("file: the first word is the verdict, the rest of the line the detail") {
  Files files;
  const auto said = [&files](const std::string& text) {
    files.write("state", text);
    return text_of(probe(file_check(files)));
  };
  for (const char* word : {"up", "UP\n", "Pass", "ok", "1", "  up", "\nup\n"}) CHECK(said(word) == "pass: ");
  for (const char* word : {"down", "Fail\n", "0"}) CHECK(said(word) == "reported: the file says down");
  CHECK(said("up since 10:00\nmore\n") == "pass: since 10:00");
  CHECK(said("down: disk is full\n") == "reported: the file says down: disk is full");
  CHECK(said("ok, all 3 of 3\r\n") == "pass: all 3 of 3");
  CHECK(said("") == "protocol: the file is empty");
  CHECK(said(" \n ") == "protocol: the file is empty");
  CHECK(said("uptime 5") == "protocol: the file begins with \"uptime\", wanted up or down");
  CHECK(said(std::string("\x1b[0m\0", 5)) ==
        "protocol: the file begins with \"\\x1b[0m\\x00\", wanted up or down");
  CHECK(said("up " + std::string(1'000'000, 'x')).size() == 206);  // "pass: " and 200 octets
}

TEST_CASE("file: a file that nobody has written for too long is no evidence of life") {
  Files files;
  files.write("state", "up");
  const Check check = file_check(files, R"(, "max_age": "1m")");
  CHECK(probe(check).passed());
  set_age(files.path() / "state", 90s);
  CHECK(text_of(probe(check)) == "silent: the file was written 90s ago, wanted at most 1m");
  CHECK(probe(file_check(files)).passed());
  set_age(files.path() / "state", -90s);  // a clock that was put back
  CHECK(probe(check).passed());
}

TEST_CASE("file: what a missing file says can be chosen") {
  const Files files;
  const std::string detail = "there is no " + files.path().string() + "/state";
  CHECK(text_of(probe(file_check(files))) == "silent: " + detail);
  CHECK(text_of(probe(file_check(files, R"(, "missing": "up")"))) == "pass: " + detail);
  CHECK(text_of(probe(file_check(files, R"(, "missing": "keep")"))) == "unheard: " + detail);
}

TEST_CASE("file: the address and the name of the check can be parts of the path") {
  Files files;
  files.write("web/192.0.2.1", "up");
  files.write("web/2001:db8::1", "down");
  const Check check = file_check(files, "", "{check}/{address}", "web");
  CHECK(probe(check, "192.0.2.1").reason == Reason::pass);
  CHECK(probe(check, "2001:db8::1").reason == Reason::reported);
  CHECK(probe(check, "192.0.2.2").reason == Reason::silent);
  CHECK(check.fingerprint() != file_check(files, "", "{check}/{address}", "mail").fingerprint());
  CHECK(file_check(files, "", "x", "web").fingerprint() == file_check(files, "", "x", "mail").fingerprint());
}

TEST_CASE("file: a file system that hangs is trouble of ours, and of its own directory") {
  Files files;
  files.write("good/state", "up\n");
  files.write("bad/state", "up\n");
  const std::string bad = (files.path() / "bad").string();
  const Check stuck = file_check(files, "", "bad/state");
  const Check well = file_check(files, "", "good/state");
  Prober probes;
  std::binary_semaphore hanging(0);
  probes.loop().side_work().run(bad, [&] {
    hanging.acquire();
    return SideWork::Done();
  });
  probes.start(1, stuck);
  probes.start(2, stuck);
  probes.start(3, well);
  CHECK(probes.outcome_of(3).passed());
  CHECK_FALSE(probes.ended(1));
  const auto said = probes.overdue(1, stuck);
  REQUIRE(said.has_value());
  CHECK(is_local_trouble(said->reason));
  CHECK(said->detail == bad + "/state could not be read within 1s: its file system hangs");
  probes.cancel(1, stuck);
  probes.start(4, stuck);
  hanging.release();
  CHECK(probes.outcome_of(2).passed());
  CHECK(probes.outcome_of(4).passed());
  CHECK_FALSE(probes.ended(1));
}

TEST_CASE("file: what is no regular file is not waited for") {
  const Files files;
  REQUIRE(mkfifo((files.path() / "state").c_str(), 0600) == 0);
  CHECK(text_of(probe(file_check(files))) ==
        "protocol: " + files.path().string() + "/state is no regular file");
  CHECK(probe(file_check(files, "", "")).reason == Reason::protocol);  // a directory
  CHECK(probe(file_check(files, "", "state/below")).reason == Reason::internal);
}
