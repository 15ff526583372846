// SPDX-License-Identifier: Apache-2.0
// The check type exec with real programs, those too that will not end, fork, flood and die.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "core/signals_blocked.h"
#include "core/unique_fd.h"
#include "tests/health/probing.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::test;
using namespace std::chrono_literals;

namespace {

const Address kTarget = *Address::parse("192.0.2.1");

/// A shell script as a check of the name "own".
class Script {
 public:
  explicit Script(const std::string& text, const std::string& more = "") {
    files_.write("probe", "#!/bin/sh\n" + text + "\n");
    const std::string path = (files_.path() / "probe").string();
    chmod(path.c_str(), 0755);
    check_ = make_check(fmt::format(R"({{"type": "exec", "command": ["{}"{}]}})", path, more), "own");
  }
  const Check& check() const { return check_; }
  std::string path(const std::string& name) const { return (files_.path() / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream file(files_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  Files files_;
  Check check_;
};

std::string text_of(const Outcome& outcome) {
  return fmt::format("{}: {}", reason_name(outcome.reason), outcome.detail);
}

std::string run(const Script& script, const std::string& address = "192.0.2.1") {
  return text_of(probe(script.check(), address));
}

/// The process that `text` names; waits until it is gone.
class Witness {
 public:
  explicit Witness(const std::string& text)
      : process_(static_cast<int>(syscall(SYS_pidfd_open, std::stoi(text), 0))) {}
  bool gone() const {
    if (!process_) return true;
    pollfd fd{process_.get(), POLLIN, 0};
    return poll(&fd, 1, 5000) == 1;
  }
  int fd() const { return process_.get(); }

 private:
  UniqueFd process_;
};

struct Listener final : ProbeListener {
  void probe_ended(ProbeId, Outcome o) override { outcomes.push_back(o); }
  std::vector<Outcome> outcomes;
};

/// A named pipe that a script writes a line into when it has come so far.
class Mark {
 public:
  explicit Mark(const std::string& path) : path_(path) { REQUIRE(mkfifo(path.c_str(), 0600) == 0); }
  std::string wait() const {
    std::ifstream pipe(path_);
    std::string line;
    std::getline(pipe, line);
    return line;
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("exec: exit code 0 is a pass, and the last line the detail") {
  CHECK(run(Script("exit 0")) == "pass: ");
  CHECK(run(Script("echo first; echo; echo all well; echo")) == "pass: all well");
  CHECK(run(Script("printf 'no end of line'")) == "pass: no end of line");
}

TEST_CASE("exec: any other exit code is a failure, and says what the program wrote last, errors too") {
  CHECK(run(Script("exit 3")) == "exit: exit code 3");
  CHECK(run(Script("echo one; echo 'no disk' >&2; exit 1")) == "exit: exit code 1: no disk");
  CHECK(run(Script("echo dying; kill -9 $$")) == "exit: ended by signal 9 (Killed): dying");
}

TEST_CASE("exec: the program is told what to probe, and nothing else of ours") {
  setenv("GSLBD_SECRET", "hidden", 1);
  CHECK(run(Script("echo $GSLBD_ADDRESS $GSLBD_FAMILY $GSLBD_CHECK $GSLBD_TIMEOUT_MS$GSLBD_SECRET"),
            "2001:db8::1") == "pass: 2001:db8::1 6 own 1000");
  unsetenv("GSLBD_SECRET");
}

TEST_CASE("exec: arguments reach the program as they are") {
  CHECK(run(Script("echo \"$# $1|$2\"", R"(, "a b", "$HOME; *")")) == "pass: 2 a b|$HOME; *");
}

TEST_CASE("exec: nothing of ours is open in the program, and no signal is blocked") {
  const UniqueFd leak(open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  std::signal(SIGPIPE, SIG_IGN);
  const SignalsBlocked blocked;
  CHECK(run(Script("echo $(ls /proc/self/fd | wc -l)")) == "pass: 4");  // 0 to 2, and that of the directory
  CHECK(run(Script("grep SigBlk /proc/self/status | cut -f2")) == "pass: 0000000000000000");
  CHECK(run(Script("kill -PIPE $$; echo alive")) == "exit: ended by signal 13 (Broken pipe)");
}

TEST_CASE("exec: megabytes of output are read and thrown away, floods are ended") {
  CHECK(run(Script("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo done")) == "pass: done");
  CHECK(run(Script("head -c 4000 /dev/zero | tr '\\0' x")).size() == 206);
  CHECK(run(Script("yes")) == "exit: it wrote more than 1024 KiB and was ended");
}

TEST_CASE("exec: what the program says is shown without its escapes") {
  CHECK(run(Script(R"(printf 'a\033[31mb\001\377')")) == R"(pass: a\x1b[31mb\x01\xff)");
}

TEST_CASE("exec: the children of a program that has ended are not waited for, and do not stay") {
  const Script script("sleep 1000 & echo $! > \"$1\"; echo bye", R"(, "/dev/null")");
  const Files files;
  const std::string note = (files.path() / "child").string();
  Check check = script.check();
  check =
      make_check(fmt::format(R"({{"type": "exec", "command": ["{}", "{}"]}})", script.path("probe"), note));
  CHECK(text_of(probe(check)) == "pass: bye");
  std::ifstream file(note);
  std::string child;
  std::getline(file, child);
  CHECK(Witness(child).gone());
}

TEST_CASE(
    "exec: a program that ignores SIGTERM is killed with its children, half a second after the cancel") {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  const Script script(
      R"(trap '' TERM; sleep 1000 & echo $$ $! > "$(dirname "$0")/mark"; while :; do wait; done)");
  const Mark mark(script.path("mark"));
  Listener listener;
  transport.start(1, script.check(), kTarget, listener);
  const std::string pids = mark.wait();
  const Witness program(pids.substr(0, pids.find(' ')));
  const Witness child(pids.substr(pids.find(' ') + 1));
  transport.cancel(1, script.check());
  SocketWatch watch(loop, program.fd(), [&loop](bool, bool, int) { loop.stop(); });
  watch.watch(true, false);
  loop.run();
  CHECK(child.gone());
  CHECK(listener.outcomes.empty());
}

TEST_CASE("exec: a program that is asked to end ends, and leaves no zombie") {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  const Script script(R"(echo ready > "$(dirname "$0")/mark"; exec sleep 1000)");
  const Mark mark(script.path("mark"));
  Listener listener;
  transport.start(1, script.check(), kTarget, listener);
  mark.wait();
  transport.cancel(1, script.check());
  transport.cancel(1, script.check());  // once more does no harm
  int looks = 0;
  bool no_child_left = false;
  const std::function<void()> look = [&] {
    siginfo_t info{};
    no_child_left = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
    if (no_child_left || ++looks == 10000) return loop.stop();
    loop.run_at(std::chrono::steady_clock::now() + 1ms, look);
  };
  loop.run_at(std::chrono::steady_clock::now(), look);
  loop.run();
  CHECK(no_child_left);
  CHECK(listener.outcomes.empty());
}

TEST_CASE("exec: nothing survives the end of the server") {
  std::string pid;
  const Script script(R"(trap '' TERM; echo $$ > "$(dirname "$0")/mark"; while :; do sleep 1; done)");
  const Mark mark(script.path("mark"));
  {
    UvLoop loop;
    Heartbeats heartbeats;
    DispatchTransport transport({loop, heartbeats});
    Listener listener;
    transport.start(1, script.check(), kTarget, listener);
    pid = mark.wait();
  }
  CHECK(Witness(pid).gone());
  CHECK((waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD));
}

TEST_CASE("exec: more programs than may run at a time are trouble of ours, not of the target") {
  UvLoop loop;
  Heartbeats heartbeats;
  DispatchTransport transport({loop, heartbeats});
  const Script script("exec sleep 1000");
  Listener listener;
  for (ProbeId id = 1; id <= 65; ++id) transport.start(id, script.check(), kTarget, listener);
  REQUIRE(listener.outcomes.size() == 1);
  CHECK(text_of(listener.outcomes[0]) == "resources: 64 programs are running already");
}

TEST_CASE("exec: a program that cannot be run is trouble of ours") {
  const Script gone("exit 0");
  std::filesystem::remove(gone.path("probe"));
  CHECK(run(gone) == "not_permitted: cannot run " + gone.path("probe") + ": No such file or directory");
  const Script closed("exit 0");
  chmod(closed.path("probe").c_str(), 0644);
  CHECK(run(closed) == "not_permitted: cannot run " + closed.path("probe") + ": Permission denied");
}
