// SPDX-License-Identifier: Apache-2.0
// The check type exec: a program probes. Its exit code is the outcome, the last line that it writes the
// detail.
//
// A program that takes too long is asked to end (SIGTERM to its whole process group) and, half a second
// later, made to (SIGKILL). At most kMostPrograms run at a time, those that are being ended included; a probe
// beyond that is not made, which is trouble of ours (Reason::resources) and no evidence against its target.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unordered_map>

#include "health/check_type.h"
#include "health/types/octets.h"
#include "health/types/program.h"

namespace gslbd::health {
namespace {

constexpr std::size_t kMostPrograms = 64;
constexpr Duration kGrace = std::chrono::milliseconds(500);

struct ExecOptions final : CheckOptions {
  std::vector<std::string> command;
};

// Nothing of our own environment goes to the program: it may hold secrets, and another outcome by another
// environment is nothing anybody wants to look for.
std::vector<std::string> environment_of(const Check& check, const Address& address) {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "LC_ALL=C.UTF-8",
          "GSLBD_CHECK=" + check.name,
          "GSLBD_ADDRESS=" + address.to_string(),
          std::string("GSLBD_FAMILY=") + (address.is_v4() ? "4" : "6"),
          fmt::format("GSLBD_TIMEOUT_MS={}",
                      std::chrono::duration_cast<std::chrono::milliseconds>(check.timeout).count())};
}

Outcome outcome_of_start(int error, const std::string& program) {
  const std::string detail =
      fmt::format("cannot run {}: {}", program, std::generic_category().message(error));
  const bool scarce = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
  return {scarce ? Reason::resources : Reason::not_permitted, detail};
}

Outcome outcome_of_end(const ProgramEnd& end) {
  const std::string said = printable(end.last_line);
  if (!end.known) return {Reason::internal, "its exit code was lost"};
  if (end.too_much) {
    return {Reason::exit,
            fmt::format("it wrote more than {} KiB and was ended", Program::kMostOutput / 1024)};
  }
  if (end.signal == 0 && end.exit_code == 0) return {Reason::pass, said};
  const std::string how = end.signal != 0
                              ? fmt::format("ended by signal {} ({})", end.signal, strsignal(end.signal))
                              : fmt::format("exit code {}", end.exit_code);
  return {Reason::exit, said.empty() ? how : how + ": " + said};
}

class ExecTransport final : public Transport {
 public:
  explicit ExecTransport(UvLoop& loop) : loop_(loop) {}
  ~ExecTransport() override {
    for (const auto& [id, run] : runs_) loop_.cancel(run.kill_timer);
  }

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId, const Check& check) override {
    return Outcome{Reason::timeout, "the program still ran after " + format_duration(check.timeout)};
  }
  void cancel(ProbeId id, const Check& check) override;

 private:
  struct Run {
    std::unique_ptr<Program> program;
    ProbeListener* listener = nullptr;  ///< null: it was cancelled and is being ended
    TimerId kill_timer{};
  };

  void ended(ProbeId id, const ProgramEnd& end);

  UvLoop& loop_;
  std::unordered_map<ProbeId, Run> runs_;
};

void ExecTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  if (runs_.size() >= kMostPrograms) {
    return listener.probe_ended(
        id, {Reason::resources, fmt::format("{} programs are running already", kMostPrograms)});
  }
  const auto& command = check.as<ExecOptions>().command;
  auto program = Program::start(loop_, command, environment_of(check, address),
                                [this, id](const ProgramEnd& end) { ended(id, end); });
  if (!program) return listener.probe_ended(id, outcome_of_start(program.error(), command[0]));
  runs_.emplace(id, Run{std::move(*program), &listener});
}

void ExecTransport::cancel(ProbeId id, const Check&) {
  const auto found = runs_.find(id);
  if (found == runs_.end() || found->second.listener == nullptr) return;
  Run& run = found->second;
  run.listener = nullptr;
  run.program->signal_group(SIGTERM);
  run.kill_timer = loop_.run_at(std::chrono::steady_clock::now() + kGrace,
                                [program = run.program.get()] { program->signal_group(SIGKILL); });
}

void ExecTransport::ended(ProbeId id, const ProgramEnd& end) {
  const auto run = runs_.extract(id);  // destroyed when the listener has been told
  loop_.cancel(run.mapped().kill_timer);
  if (run.mapped().listener != nullptr) run.mapped().listener->probe_ended(id, outcome_of_end(end));
}

void read_command(const JsonView& v, Check& c) {
  if (!v.json().is_array() || v.json().empty()) return v.expected("a list: the program and its arguments");
  std::vector<std::string> command = read_strings(v);
  if (command.size() != v.json().size()) return;
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (command[i].find('\0') != std::string::npos)
      return v.element(i).error("an octet of zeros cannot be passed");
  }
  command[0] = (std::filesystem::path(v.file()).parent_path() / command[0]).string();
  if (std::error_code ec;
      !std::filesystem::is_regular_file(command[0], ec) || access(command[0].c_str(), X_OK) != 0) {
    return v.element(0).error(fmt::format("cannot run {}", command[0]));
  }
  c.as<ExecOptions>().command = std::move(command);
}

const Field<Check> kFields[] = {
    {"command", "list of strings", "required",
     "the program's file and its arguments; no shell reads them and PATH is not searched", read_command},
};

}  // namespace

constinit const CheckType kExecCheck{
    .name = "exec",
    .help = "runs a program",
    .defaults = default_options<ExecOptions>,
    .fields = kFields,
    .describe =
        [](const Check& c, std::string& out) {
          // The program is told the name of the check: what it does may depend on it.
          out += fmt::format(" name={}:{}", c.name.size(), c.name);
          for (const std::string& word : c.as<ExecOptions>().command) {
            out += fmt::format(" word={}:{}", word.size(), word);
          }
        },
    .make_transport = make_on_loop<ExecTransport>,
    .crosses_network = false,
    .local_power = true,
};

}  // namespace gslbd::health
