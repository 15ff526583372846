// SPDX-License-Identifier: Apache-2.0
// Exec: a program of the operator's, with the message as JSON on its standard input and in short in its
// environment. It runs in a process group of its own, all of which is killed when its time is over.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>

#include "server/hooks/delivery.h"
#include "server/net/unique_fd.h"

namespace gslbd::server {
namespace {

constexpr std::size_t kLongestLastLine = 200;
constexpr int kLook_ms = 20;  // how often the program is asked whether it has ended

constexpr int kReads = 16;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

std::string joined(const HookMessage& message, std::string MessageGroup::*what) {
  std::set<std::string> names;
  for (const MessageGroup& group : message.groups) names.insert(group.*what);
  std::string out;
  for (const std::string& name : names) {
    if (!name.empty()) out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

// Ours, and what the program itself was started with; not the socket that speaks to systemd in its name.
std::vector<std::string> environment(const HookMessage& message, const MessageSender& sender) {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with("NOTIFY_SOCKET=") && !text.starts_with("GSLBD_")) out.emplace_back(text);
  }
  out.push_back("GSLBD_ID=" + sender.id);
  out.push_back("GSLBD_SERVER=" + sender.server);
  out.push_back("GSLBD_SUMMARY=" + headline(message));
  out.push_back("GSLBD_EVENTS=" + std::to_string(message.count));
  out.push_back("GSLBD_KINDS=" + joined(message, &MessageGroup::kind));
  out.push_back("GSLBD_SITES=" + joined(message, &MessageGroup::site));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// A program that runs, with the ends of its pipes.
class Child {
 public:
  /// The error of the start, 0: it runs.
  int start(const std::vector<std::string>& command, std::vector<std::string> variables) {
    Pipe input;
    Pipe output;
    if (!input.read || !output.read) return errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> words = command;
    const int error = posix_spawn(&pid_, words[0].c_str(), &actions, &attributes, pointers(words).data(),
                                  pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return error;
    input_ = std::move(input.write);
    output_ = std::move(output.read);
    fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    return 0;
  }

  /// Moves what can be moved, and waits a moment for more.
  void turn(std::string_view& to_write) {
    if (to_write.empty()) input_ = UniqueFd();
    pollfd fds[2] = {{input_ ? input_.get() : -1, POLLOUT, 0}, {output_ ? output_.get() : -1, POLLIN, 0}};
    poll(fds, 2, kLook_ms);
    if (fds[0].revents != 0) {
      const ssize_t n = write(input_.get(), to_write.data(), to_write.size());
      if (n > 0) to_write.remove_prefix(static_cast<std::size_t>(n));
      // A program that does not want to read need not (SIGPIPE is blocked here).
      if (n < 0 && errno != EAGAIN && errno != EINTR) to_write = {};
    }
    if (fds[1].revents != 0) read_output();
  }

  /// True when it has ended, with `status` as waitpid gives it.
  bool ended(int& status) { return waitpid(pid_, &status, WNOHANG) == pid_; }
  void kill_group() {
    kill(-pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  /// At most what a pipe holds: a program may write faster than this reads.
  void read_output() {
    char buffer[4096];
    for (int i = 0; i < kReads && output_; ++i) {
      const ssize_t n = read(output_.get(), buffer, sizeof buffer);
      if (n > 0) note(std::string_view(buffer, static_cast<std::size_t>(n)));
      if (n == 0) output_ = UniqueFd();
      if (n <= 0) return;
    }
  }
  std::string last_line() const { return !line_.empty() ? line_ : before_; }

 private:
  void note(std::string_view text) {
    for (const char c : text) {
      if (c == '\n') {
        if (!line_.empty()) before_ = std::exchange(line_, {});
      } else if (line_.size() < kLongestLastLine) {
        line_ += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
      }
    }
  }

  pid_t pid_ = -1;
  UniqueFd input_;
  UniqueFd output_;
  std::string line_;
  std::string before_;
};

class Exec final : public Delivery {
 public:
  explicit Exec(const HookSettings& settings) : settings_(settings) {}

  Attempt send(const HookMessage& message, const MessageSender& sender, const StopAsked& stop) override {
    const std::string input =
        message_json(message, sender).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    Child child;
    if (const int error = child.start(settings_.command, environment(message, sender)); error != 0) {
      return {Attempt::End::give_up,
              fmt::format("cannot start {}: {}", settings_.command[0], std::strerror(error))};
    }
    const SystemClock clock;
    const MonotonicTime until = clock.now() + settings_.timeout;
    std::string_view left = input;
    int status = 0;
    while (!child.ended(status)) {
      if (clock.now() >= until || stop()) {
        child.kill_group();
        return {Attempt::End::try_again,
                fmt::format("it was killed after {}", format_duration(settings_.timeout))};
      }
      child.turn(left);
    }
    child.read_output();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const std::string how = WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                                              : fmt::format("ended by signal {}", WTERMSIG(status));
    const std::string line = child.last_line();
    return {Attempt::End::try_again, line.empty() ? how : how + ": " + line};
  }

 private:
  const HookSettings settings_;
};

}  // namespace

std::unique_ptr<Delivery> make_exec(const HookSettings& settings) {
  return std::make_unique<Exec>(settings);
}

}  // namespace gslbd::server
