// SPDX-License-Identifier: Apache-2.0
// Hooks with their threads: programs that are run for real. Webhooks and mail have real peers in
// tests/e2e/test_journal.py.
#include "server/hooks/hook.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/net/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;
using namespace std::chrono_literals;

namespace {

Entry verdict(const std::string& from, const std::string& to) {
  Entry e{.at = SystemClock().wall_now(),
          .kind = "verdict",
          .check = "web",
          .target = "192.0.2.1",
          .site = "fra"};
  e.more = {{"from", from}, {"to", to}};
  return e;
}

HookSettings shell(const std::string& script) {
  HookSettings s;
  s.type = HookSettings::Type::exec;
  s.name = "exec-1";
  s.on = {"verdict"};
  s.group = 0s;
  s.retries = 0;
  s.timeout = 10s;
  s.command = {"/bin/sh", "-c", script};
  return s;
}

HookMessage message() {
  Grouping grouping(0s, 1);
  grouping.add(verdict("up", "down"), MonotonicTime(1s));
  return *grouping.flush(MonotonicTime(1s));
}

Attempt run(
    const HookSettings& settings, const StopAsked& stop = [] { return false; }) {
  return make_delivery(settings)->send(message(), {"ns1", "id-1"}, stop);
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a program gets the message as JSON, and in short in its environment") {
  Files files;
  const auto out = files.path() / "out";
  const Attempt end = run(shell("cat > '" + out.string() +
                                "'; echo \"$GSLBD_SUMMARY|$GSLBD_SERVER|$GSLBD_KINDS|$GSLBD_SITES\" >> '" +
                                out.string() + "'"));
  CHECK(end.end == Attempt::End::delivered);
  const std::string text = content(out);
  const Json json = Json::parse(text.substr(0, text.find('\n')));
  CHECK(json["id"] == "id-1");
  CHECK(text.find("web on 192.0.2.1 at fra is down|ns1|verdict|fra\n") != std::string::npos);
}

TEST_CASE("a program's failure is told with its last line") {
  const Attempt failed = run(shell("echo one; echo two >&2; exit 3"));
  CHECK(failed.end == Attempt::End::try_again);
  CHECK(failed.why == "exit code 3: two");
  CHECK(run(shell("kill -9 $$")).why == "ended by signal 9");
  HookSettings missing = shell("");
  missing.command = {"/nonexistent/program"};
  CHECK(run(missing).end == Attempt::End::give_up);
}

TEST_CASE("a program that does not read its input, or floods its output, is no trouble") {
  CHECK(run(shell("exec <&-; exit 0")).end == Attempt::End::delivered);
  CHECK(run(shell("head -c 3000000 /dev/zero; exit 0")).end == Attempt::End::delivered);
  HookSettings endless = shell("exec cat /dev/zero");
  endless.timeout = 300ms;
  CHECK(run(endless).why == "it was killed after 300ms");
  // What the program has left behind may flood on.
  CHECK(run(shell("cat /dev/zero & exit 0")).end == Attempt::End::delivered);
}

TEST_CASE("a program that takes too long is killed with all it has started") {
  Files files;
  const std::string fifo = (files.path() / "fifo").string();
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  HookSettings slow = shell("exec 3> '" + fifo + "'; sleep 600 & wait");
  slow.timeout = 300ms;
  const Attempt end = run(slow);
  CHECK(end.end == Attempt::End::try_again);
  CHECK(end.why == "it was killed after 300ms");
  // The end comes when nobody holds the other side open any more: not the program, nor what it started.
  REQUIRE(fcntl(reader.get(), F_SETFL, 0) == 0);
  char octet = 0;
  CHECK(read(reader.get(), &octet, 1) == 0);
}

TEST_CASE("a program is killed at once when the server ends") {
  HookSettings slow = shell("sleep 600");
  slow.timeout = 1min;
  CHECK(run(slow, [] { return true; }).end == Attempt::End::try_again);
}

TEST_CASE("a hook tells what is news, and of the kinds that it was asked for") {
  Files files;
  const auto out = files.path() / "out";
  {
    Hook hook(shell("cat >> '" + out.string() + "'"), "ns1");
    hook.tell(verdict("unknown", "up"));
    Entry other = verdict("up", "down");
    other.kind = "outcome";
    hook.tell(other);
    hook.tell(verdict("unknown", "down"));
    hook.end_by(SystemClock().now() + 10s);  // what waits is sent
    hook.join();
    CHECK(hook.counters().delivered == 1);
    CHECK(hook.counters().failed == 0);
  }
  CHECK(Json::parse(content(out))["events"] == 1);
}

TEST_CASE("hooks that stay the same go on; the numbers of those that have gone stay") {
  Hooks hooks;
  HookSettings a = shell("exit 0");
  HookSettings b = shell("exit 1");
  b.name = "exec-2";
  hooks.configure({a, b}, "ns1");
  hooks.tell(verdict("up", "down"));
  hooks.configure({a}, "ns1");
  hooks.stop();
  const auto counters = hooks.counters();
  REQUIRE(counters.size() == 2);
  for (const HookCounters& c : counters) {
    CHECK(c.delivered == (c.hook == "exec-1" ? 1 : 0));
    CHECK(c.failed == (c.hook == "exec-2" ? 1 : 0));
  }
}

TEST_CASE("pauses grow, and not for ever") {
  CHECK(Hook::pause_after(0) == 1s);
  CHECK(Hook::pause_after(1) == 2s);
  CHECK(Hook::pause_after(5) == 32s);
  CHECK(Hook::pause_after(6) == 1min);
  CHECK(Hook::pause_after(1000) == 1min);
}

TEST_CASE("while this server is cut off no message is given up") {
  for (const bool isolated : {false, true}) {
    Files files;
    const std::string fifo = (files.path() / "fifo").string();
    const std::string tried = (files.path() / "tried").string();
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    Hook hook(
        shell("test -e '" + tried + "' && exit 0; touch '" + tried + "'; echo > '" + fifo + "'; exit 1"),
        "ns1");
    Entry cut_off{.at = SystemClock().wall_now(), .kind = "isolated"};
    cut_off.more = {{"family", "ipv6"}};
    if (isolated) hook.tell(cut_off);
    hook.tell(verdict("up", "down"));
    CHECK(content(fifo) == "\n");            // the first attempt is under way
    hook.end_by(SystemClock().now() + 30s);  // the pause after it is cut short
    hook.join();
    CHECK(hook.counters().delivered == (isolated ? 1 : 0));
    CHECK(hook.counters().failed == (isolated ? 0 : 1));
  }
}
