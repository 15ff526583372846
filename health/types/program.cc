// SPDX-License-Identifier: Apache-2.0
#include "health/types/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace gslbd::health {
namespace {

constexpr int kReadsATurn = 16;  // of 4 KiB, so that a flood leaves the loop's other work its turn

/// What posix_spawn() is told; its parts are freed at the end.
class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);  // a new group, with the program at its head
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  /// 0, or an errno value.
  int run(pid_t& pid, int output, std::vector<char*>& argv, std::vector<char*>& envp) {
    int error = posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    if (error != 0) return error;
    return posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), envp.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// The C interface wants pointers to characters that nobody will change.
std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) pointers.push_back(const_cast<char*>(s.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

tl::expected<std::unique_ptr<Program>, int> Program::start(UvLoop& loop,
                                                           const std::vector<std::string>& command,
                                                           const std::vector<std::string>& environment,
                                                           OnEnd on_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected(errno);
  UniqueFd output(ends[0]);
  const UniqueFd input(ends[1]);
  fcntl(output.get(), F_SETFL, O_NONBLOCK);  // our end only: programs do not expect that of theirs
  std::vector<char*> argv = pointers_to(command);
  std::vector<char*> envp = pointers_to(environment);
  pid_t pid = -1;
  if (const int error = Spawn().run(pid, input.get(), argv, envp); error != 0) return tl::unexpected(error);
  // No race: the number stays the program's until we have waited for it.
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));  // glibc 2.36 has none for C++
  const int error = process ? 0 : errno;
  std::unique_ptr<Program> program(
      new Program(loop, pid, std::move(output), std::move(process), std::move(on_end)));
  if (error != 0) return tl::unexpected(error);  // and the program is ended
  if (!program->watch()) return tl::unexpected(ENOMEM);
  return program;
}

Program::Program(UvLoop& loop, pid_t pid, UniqueFd output, UniqueFd process, OnEnd on_end)
    : pid_(pid),
      output_(std::move(output)),
      process_(std::move(process)),
      on_end_(std::move(on_end)),
      output_watch_(loop, output_.get(), [this](bool, bool, int) { read_output(); }),
      process_watch_(loop, process_.get(), [this](bool, bool, int) { ended(); }) {}

bool Program::watch() {
  return output_watch_.watch(true, false) && process_watch_.watch(true, false);
}

// A killed process is gone at once, but for one that hangs in the kernel; that one is left to the system.
Program::~Program() {
  if (reaped_) return;
  signal_group(SIGKILL);
  pollfd gone{process_.get(), POLLIN, 0};
  if (process_) poll(&gone, 1, 200);
  waitpid(pid_, nullptr, process_ ? WNOHANG : 0);
}

void Program::signal_group(int signal) const {
  if (!reaped_) kill(-pid_, signal);
}

void Program::read_output() {
  std::array<char, 4096> buffer;
  for (int i = 0; i < kReadsATurn; ++i) {
    const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {  // closed: the program may go on without a voice
      output_watch_.watch(false, false);
      return;
    }
    take(std::span(buffer).first(static_cast<std::size_t>(got)));
    if (end_.too_much) return;
  }
}

void Program::take(std::span<const char> octets) {
  for (const char c : octets) {
    if (c != '\n' && c != '\r') {
      if (line_.size() < kLongestLine) line_ += c;
    } else if (!line_.empty()) {
      end_.last_line = std::exchange(line_, {});
    }
  }
  written_ += octets.size();
  if (written_ <= kMostOutput) return;
  end_.too_much = true;
  output_watch_.watch(false, false);
  signal_group(SIGKILL);
}

// Its children die before it is waited for: until then its number, which names the group, is nobody else's.
void Program::ended() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid_);
  end_.known = waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (end_.known && info.si_pid == 0) return;  // woken in vain
  if (!end_.too_much) read_output();           // what it wrote last
  if (end_.known) {
    kill(-pid_, SIGKILL);
    waitid(P_PID, id, &info, WEXITED | WNOHANG);
  }
  reaped_ = true;
  (info.si_code == CLD_EXITED ? end_.exit_code : end_.signal) = info.si_status;
  if (!line_.empty()) end_.last_line = std::move(line_);
  process_watch_.watch(false, false);
  output_watch_.watch(false, false);
  const OnEnd on_end = std::move(on_end_);
  on_end(std::move(end_));
}

}  // namespace gslbd::health
